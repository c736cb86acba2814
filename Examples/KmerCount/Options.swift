import ArgumentParser
import Foundation

/// The command line, after Muster has taken its own options from the front.
struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "KmerCount",
    abstract: "Counts the k-mers of a genome that it makes itself, and prints the most frequent ones.",
    usage: "KmerCount [--procs N|auto | --machine-file FILE] [--bases N] [--k N] [--check] …",
    discussion: """
      A k-mer and its reverse complement count as one, and are printed as the one that comes first in the alphabet.

      Workers: as many as --procs or --machine-file say, which come before everything else; under srun one for each \
      task but the first; otherwise one for each core of this machine.

      EXAMPLES:
        KmerCount --bases 100000000 --check
        sbatch -n 64 --wrap 'srun KmerCount --bases 3000000000 --k 11'
      """)

  @Option(help: ArgumentHelp("The size of the genome.", valueName: "N"))
  var bases = 10_000_000

  @Option(
    help: ArgumentHelp(
      "The length of the words, at most 12: there is a counter for each of the 4ᵏ words.", valueName: "N"))
  var k = 8

  @Option(help: ArgumentHelp("How many of the most frequent ones are printed.", valueName: "N"))
  var top = 10

  @Option(help: ArgumentHelp("Another number, another genome.", valueName: "N"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("How many bases are counted at a time; their counts are added up then.", valueName: "N"))
  var chunk = 1 << 20

  @Flag(help: "Counts again in process 1 alone and compares.")
  var check = false

  func validate() throws {
    guard (1...12).contains(k) else { throw ValidationError("--k is \(k): it must be from 1 to 12") }
    // A k-mer that is everywhere must not be too many for its counter.
    guard (k...Int(UInt32.max)).contains(bases) else {
      throw ValidationError("--bases is \(bases): it must be from \(k), the length of a word, to \(UInt32.max)")
    }
    guard chunk > 0 else { throw ValidationError("--chunk is \(chunk): it must be at least 1") }
    guard top >= 0 else { throw ValidationError("--top is \(top): it must be at least 0") }
  }
}

extension Double {
  func text(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}

extension Duration {
  var inSeconds: String { (self / .seconds(1)).text(2) + " s" }
}
