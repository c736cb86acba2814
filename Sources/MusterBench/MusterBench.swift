import ArgumentParser
import Glibc
import Muster

/// Measures what Muster costs, beside what the same machine can do at best in the same minute.
@main
struct MusterBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "muster-bench",
    abstract: "Measures Muster beside the raw limits of this machine.",
    discussion: "Prints a table, then one JSON line per row; the documentation (Performance) says what they mean.")

  @Argument(help: "What to measure; everything if none is named.")
  var rows: [Row] = Row.all

  @Option(help: "Measure over this kind of socket only.")
  var transport: SocketKind?

  @Flag(help: "Do a tenth of the work.")
  var quick = false

  static func main() async {
    await becomeWorkerIfLaunchedAsOne()
    // Not a subcommand: it would be taken for the name of a row.
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.first == RawPeer.name { RawPeer.main(Array(arguments.dropFirst())) } else { await main(arguments) }
  }

  func run() async throws {
    let (rows, transport, quick) = (rows, transport, quick)
    // On the Engine: from the default pool every call would cost two hops between threads.
    try await Task.onCluster {
      let measurements = try await Self.measure(rows, over: transport, quick: quick)
      print()
      for measurement in measurements { print(measurement.json) }
    }.value
  }

  private static func measure(_ rows: [Row], over transport: SocketKind?, quick: Bool) async throws -> [Measurement] {
    var measurements: [Measurement] = []
    print(Table.heading)
    for row in rows {
      for kind in transport.map({ [$0] }) ?? row.transports {
        let measurement: Measurement
        do { measurement = try await row.measure(Bench(socket: kind, isQuick: quick)) } catch let skip as BenchSkip {
          print("\(row.name) is left out: \(skip.reason)")
          continue
        }
        print(Table.line(measurement, target: row.targets[kind]))
        // A whole run takes minutes: show each row when it is there, into a pipe as well.
        fflush(nil)
        measurements.append(measurement)
      }
    }
    return measurements
  }
}

/// A benchmark that computed something wrong: its times mean nothing.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A benchmark that this machine does not let us do.
struct BenchSkip: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

func check<Value: Equatable>(_ value: Value, is expected: Value, _ what: String) throws(BenchError) {
  guard value == expected else { throw BenchError("\(what) is \(value) and should be \(expected)") }
}
