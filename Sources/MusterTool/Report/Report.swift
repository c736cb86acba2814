import ArgumentParser
import FoundationEssentials

/// `muster report`
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what a program did: how busy its workers were, what was slow, what went wrong.",
    usage: "muster report <file> [--run <n>] [--slowest <n>] [--trace <file>] [--json]",
    discussion: """
      EXAMPLES:
        MUSTER_EVENTS=run.jsonl ./program      records what happens
        muster report run.jsonl                shows it
        muster report run.jsonl --slowest 50
        muster report run.jsonl --trace trace.json   for chrome://tracing and ui.perfetto.dev
        muster report run.jsonl --json         for other programs

      A log may hold several runs: the last one is shown. One of a program that was killed, or that still runs, can be read \
      as well. What the lines of the log mean is said in docs/decisions/0018-events.md.
      """)

  @Argument(help: "The event log.", completion: .file())
  var file: String

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp("Which run of the file; 1 is the first, by default the last.", valueName: "n"))
  var number: Int?

  @Option(help: ArgumentHelp("How many of the slowest items are shown.", valueName: "n"))
  var slowest = 10

  @Option(
    help: ArgumentHelp("Writes a trace for Chrome and Perfetto there; - is standard output.", valueName: "file"),
    completion: .file())
  var trace: String?

  @Flag(help: "An object.")
  var json = false

  func validate() throws {
    guard slowest >= 0 else { throw ValidationError("--slowest takes a number of at least 0") }
    guard number ?? 1 >= 1 else { throw ValidationError("--run takes a number of at least 1") }
  }

  func run() throws {
    let run = try chosenRun()
    if let trace { try write(ChromeTrace(run), to: trace) }
    let summary = RunSummary(run, slowest: slowest)
    if json { return try printJSON(summary) }
    guard trace == nil else { return }
    for line in ReportView(summary, on: .standardOutput).lines { print(line) }
  }

  private func chosenRun() throws -> RecordedRun {
    let runs: [RecordedRun]
    do {
      runs = try RecordedRun.read(Array(try Data(contentsOf: URL(filePath: file))))
    } catch {
      throw ValidationError("\(file): \(error)")
    }
    let number = number ?? runs.count
    guard number <= runs.count else {
      throw ValidationError("--run is \(number), but \(file) holds \(runs.count) runs")
    }
    return runs[number - 1]
  }

  private func write(_ trace: ChromeTrace, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(trace)
    if path == "-" { print(String(decoding: data, as: UTF8.self)) } else { try data.write(to: URL(filePath: path)) }
  }
}
