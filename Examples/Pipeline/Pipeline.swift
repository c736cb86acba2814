import ArgumentParser
import Muster

/// Normalises the lines of all files in a folder and writes them, each with a checksum, into one file: several readers
/// and several transformers on the workers, joined by channels, and one writer here.
@main struct Pipeline: ClusterProgram {
  func run() async throws {
    let options = Options.parseOrExit()
    if let size = options.makeInput { try makeText(in: options.input, byteCount: size << 20) }
    let blocks = try Block.covering(folder: options.input, size: options.block << 10)
    if nprocs() == 1 { try await addprocs() }

    let stages = Stages(blocks: blocks, readers: options.readers, inFlight: options.inFlight)
    let clock = ContinuousClock()
    var mostEarly = 0
    let time = try await clock.measure {
      mostEarly = try await OutputFile.write(to: options.output) { file in try await stages.run(into: file) }
    }
    print(
      """
      \(blocks.summary) in \(time.inSeconds), by \(options.readers) readers and \(nworkers()) transformers
      at most \(mostEarly) blocks were finished before an earlier one, of \(options.inFlight) that may be under way
      """)
    guard options.check else { return }
    let timeAlone = try clock.measure { try check(options.output, against: blocks) }
    print("the same as is made in process 1 alone, in \(timeAlone.inSeconds)")
  }

  /// Compares the output with what comes of the files one after the other.
  private func check(_ output: String, against blocks: [Block]) throws {
    var expected: [UInt8] = []
    for path in Set(blocks.map(\.path)).sorted() { expected += try normalised(readFile(path), of: path) }
    guard try readFile(output) == expected else { throw FileError(path: output, reason: "not what it should be") }
  }
}
