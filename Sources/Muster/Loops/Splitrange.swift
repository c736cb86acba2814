/// Splits a range into parts that differ by at most one element; the first parts are the longer ones.
///
/// - Parameters:
///   - range: any range of integers.
///   - n: how many parts, at least 1; there are as many as elements if those are fewer.
public func splitrange(_ range: Range<Int>, into n: Int) -> [Range<Int>] {
  precondition(n > 0, "splitrange: a range cannot be split into \(n) parts")
  // Unsigned: a range may have more elements than the largest Int.
  let count = UInt(bitPattern: range.upperBound &- range.lowerBound)
  let (size, remainder) = count.quotientAndRemainder(dividingBy: UInt(n))
  let parts = size > 0 ? n : Int(remainder)
  var lower = range.lowerBound
  return (0..<parts).map { part in
    let upper = lower &+ Int(bitPattern: size + (UInt(part) < remainder ? 1 : 0))
    defer { lower = upper }
    return lower..<upper
  }
}
