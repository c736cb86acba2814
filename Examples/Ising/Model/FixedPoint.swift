extension Double {
  /// The number with a fixed count of decimals, as `printf("%.3f")` writes it; `signed` puts a + before positive ones.
  ///
  /// For magnitudes below 10¹⁸ in units of the last decimal, which is plenty for tables and pictures.
  public func fixed(_ decimals: Int, signed: Bool = false) -> String {
    guard isFinite else { return isNaN ? "nan" : (self < 0 ? "-inf" : signed ? "+inf" : "inf") }
    let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    let units = Int((magnitude * scale).rounded())
    let (whole, fraction) = units.quotientAndRemainder(dividingBy: Int(scale))
    let sign = self < 0 && units != 0 ? "-" : signed ? "+" : ""
    return sign + String(whole) + (decimals == 0 ? "" : "." + String(fraction).padded(to: decimals, with: "0"))
  }
}

extension String {
  /// The text with spaces, or another character, before it up to a width.
  public func padded(to width: Int, with character: Character = " ") -> String {
    String(repeating: character, count: Swift.max(0, width - count)) + self
  }
}
