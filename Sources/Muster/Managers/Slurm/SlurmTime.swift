/// Times as Slurm writes them.
enum SlurmTime {
  /// The shortest of several times, one a line: a heterogeneous job has one for each of its components. `nil` where none is
  /// limited.
  static func shortest(_ lines: String) -> Duration? {
    lines.split(whereSeparator: \.isNewline).compactMap { duration(String($0)) }.min()
  }

  /// Reads `4`, `02:03`, `1:02:03` or `1-02:03:04` as squeue(1) prints them: seconds, and before them minutes, hours and
  /// days. `nil` for anything else, such as `UNLIMITED`.
  static func duration(_ text: String) -> Duration? {
    let parts = text.trimmed.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count <= 2, let clock = parts.last else { return nil }
    let fields = clock.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
    guard (1...3).contains(fields.count), fields.allSatisfy({ $0.map { (0...9_999_999).contains($0) } ?? false }) else {
      return nil
    }
    var seconds = fields.reduce(0) { $0 * 60 + $1! }
    if parts.count == 2 {
      guard let days = Int64(parts[0]), (0...99_999).contains(days) else { return nil }
      seconds += days * 86_400
    }
    return .seconds(seconds)
  }
}
