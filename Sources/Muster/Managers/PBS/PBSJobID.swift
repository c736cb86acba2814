/// The id of a job: `12.server`, of an array `12[].server`, and from Slurm's `qsub` a bare `12`.
struct PBSJobID: Sendable, Hashable, CustomStringConvertible {
  let description: String

  /// The id in what `qsub` has printed: its last line, before which a site's hooks may have greeted the user.
  init?(submission output: String) {
    guard let line = output.split(whereSeparator: \.isNewline).map(\.trimmed).last(where: { !$0.isEmpty }) else {
      return nil
    }
    let rest = line.utf8.drop(while: \.isASCIIDigit)
    let isArray = rest.starts(with: "[].".utf8) || rest.elementsEqual("[]".utf8)
    guard rest.count < line.utf8.count, rest.isEmpty || isArray || rest.first == UInt8(ascii: "."),
      line.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    description = line
  }
}
