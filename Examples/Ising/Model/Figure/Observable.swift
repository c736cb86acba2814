/// A measured quantity as the figure shows it.
struct Observable {
  /// The label of the vertical axis, as SVG markup.
  let label: String
  /// Whom the exact solution is due to.
  let author: String
  let isLegendAtTop: Bool
  let exact: (Double) -> Double
  let value: (SweepPoint) -> Double
  /// The ends of the error bar.
  let errorBar: (SweepPoint) -> ClosedRange<Double>
  /// The deviation from the exact solution in standard deviations.
  let deviation: (SweepPoint) -> Double

  /// The magnetisation, drawn as the root of what was measured and compared: its square. A square below zero, which
  /// happens by chance where the magnetisation vanishes, is drawn as far below zero.
  static var magnetisation: Observable {
    func root(_ square: Double) -> Double { square < 0 ? -(-square).squareRoot() : square.squareRoot() }
    return Observable(
      label: #"magnetisation per spin <tspan class="italic">m</tspan>"#, author: "Yang 1952",
      isLegendAtTop: true,
      exact: ExactSolution.magnetisation(at:), value: { root($0.squaredMagnetisation.mean) },
      errorBar: { point in
        let squared = point.squaredMagnetisation
        return root(squared.mean - squared.error)...root(squared.mean + squared.error)
      },
      deviation: \.magnetisationDeviation)
  }

  static var energy: Observable {
    Observable(
      label: #"energy per spin <tspan class="italic">u</tspan> / <tspan class="italic">J</tspan>"#,
      author: "Onsager 1944", isLegendAtTop: false, exact: ExactSolution.energy(at:), value: { $0.energy.mean },
      errorBar: { $0.energy.mean - $0.energy.error...$0.energy.mean + $0.energy.error },
      deviation: \.energyDeviation)
  }
}
