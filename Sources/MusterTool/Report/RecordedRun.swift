import FoundationEssentials

/// One run in an event log: its first line and what follows it; a plain value.
struct RecordedRun: Equatable, Sendable {
  /// The version of the format that is read here.
  static let version = 1

  let heading: EventLine
  var lines: [EventLine] = []
  /// Lines that are none: what was being written when the program was killed.
  var torn = 0

  /// The runs in a file, in order.
  ///
  /// - Throws: `ReportError` for a file that holds no run, and for a run of a later version.
  static func read(_ file: [UInt8]) throws(ReportError) -> [RecordedRun] {
    let decoder = JSONDecoder()
    var runs: [RecordedRun] = []
    for bytes in file.split(separator: UInt8(ascii: "\n")) {
      guard let line = try? decoder.decode(EventLine.self, from: Data(bytes)) else {
        if !runs.isEmpty { runs[runs.count - 1].torn += 1 }
        continue
      }
      if line.format == "muster-events" {
        guard let version = line.version, version <= Self.version else {
          throw ReportError("it was written by a later version of Muster: use the muster of that version")
        }
        runs.append(RecordedRun(heading: line))
      } else if !runs.isEmpty {
        runs[runs.count - 1].lines.append(line)
      }
    }
    guard !runs.isEmpty else {
      throw ReportError("there is no run in it: a log is made by MUSTER_EVENTS=file in the environment of a program")
    }
    return runs
  }
}

struct ReportError: Error, CustomStringConvertible, Equatable {
  let description: String

  init(_ description: String) { self.description = description }
}
