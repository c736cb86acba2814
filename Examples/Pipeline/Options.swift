import ArgumentParser
import Foundation

/// The command line, after Muster has taken its own options from the front.
struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "Pipeline",
    abstract: "Normalises the lines of all files in a folder and writes them, with checksums, into one file.",
    usage: "Pipeline [--procs N|auto | --machine-file FILE] INPUT OUTPUT [--make-input MIB] [--check] …",
    discussion: """
      Blanks become single ones, capitals small letters, and each line has its CRC-32 in front. The lines keep their \
      order, and the files that of their names.

      Workers: as many as --procs or --machine-file say, which come before everything else; under srun one for each \
      task but the first; otherwise one for each core of this machine. All of them must see INPUT.

      EXAMPLES:
        Pipeline --make-input 100 corpus corpus.normalised --check
        Pipeline --procs 4 books books.normalised --readers 1
      """)

  @Argument(help: ArgumentHelp("The folder with the text files.", valueName: "INPUT"), completion: .directory)
  var input: String

  @Argument(help: ArgumentHelp("The file to write.", valueName: "OUTPUT"), completion: .file())
  var output: String

  @Option(help: ArgumentHelp("Makes the folder INPUT first, with so many MiB of text.", valueName: "MIB"))
  var makeInput: Int?

  @Option(help: ArgumentHelp("How many tasks read.", valueName: "N"))
  var readers = 2

  @Option(help: ArgumentHelp("The size of a block, in KiB.", valueName: "KIB"))
  var block = 256

  @Option(help: ArgumentHelp("How many blocks may have been read and not yet written.", valueName: "N"))
  var inFlight = 32

  @Flag(help: "Does it again in process 1 alone and compares.")
  var check = false

  func validate() throws {
    var isFolder = ObjCBool(false)
    let exists = FileManager.default.fileExists(atPath: input, isDirectory: &isFolder)
    if makeInput != nil, exists { throw ValidationError("--make-input: there is a '\(input)' already") }
    if makeInput == nil, !isFolder.boolValue { throw ValidationError("INPUT: there is no folder '\(input)'") }
    let numbers = [("make-input", makeInput ?? 1), ("readers", readers), ("block", block), ("in-flight", inFlight)]
    for (name, number) in numbers where number < 1 {
      throw ValidationError("--\(name) is \(number): it must be at least 1")
    }
  }
}

extension Duration {
  var inSeconds: String { String(format: "%.2f s", self / .seconds(1)) }
}
