extension [SweepPoint] {
  /// The results as comma-separated values (RFC 4180), with a heading and the full precision of each number.
  public var commaSeparatedValues: String {
    let heading = [
      "temperature", "squared_magnetisation", "squared_magnetisation_error", "squared_magnetisation_tau",
      "squared_magnetisation_exact", "energy", "energy_error", "energy_tau", "energy_exact", "comparable",
    ]
    let records = map { point in
      [
        point.temperature, point.squaredMagnetisation.mean, point.squaredMagnetisation.error,
        point.squaredMagnetisation.autocorrelationTime, point.exactSquaredMagnetisation, point.energy.mean,
        point.energy.error, point.energy.autocorrelationTime, point.exactEnergy,
      ].map(\.description) + [point.isComparable.description]
    }
    return ([heading] + records).map { $0.joined(separator: ",") + "\r\n" }.joined()
  }
}
