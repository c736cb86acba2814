import Foundation
import Testing

@Test func `the example maps over workers that are connected by named pipes`() async throws {
  let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  let program = Process()
  program.executableURL = runner.deletingLastPathComponent().appendingPathComponent("NamedPipes")
  program.arguments = ["2"]
  let (output, errors) = (Pipe(), Pipe())
  program.standardOutput = output
  program.standardError = errors
  let (ended, continuation) = AsyncStream<Never>.makeStream()
  program.terminationHandler = { _ in continuation.finish() }
  try program.run()
  // One that hangs must not hang the tests.
  let timer = Task {
    try await Task.sleep(for: .seconds(60))
    program.terminate()
  }
  for await _ in ended {}
  timer.cancel()

  func text(_ pipe: Pipe) throws -> String {
    String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  }
  #expect(program.terminationStatus == 0)
  #expect(try text(errors) == "")
  #expect(
    try text(output) == """
      [1, 4, 9, 16, 25, 36, 49, 64, 81, 100] from 2 workers
      worker 2 asked worker 3

      """)
}
