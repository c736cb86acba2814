import Glibc

/// The picture of a sweep: magnetisation and energy over temperature with the exact curves, and below each how many
/// standard deviations the measured values lie from them.
public struct Figure {
  private let points: [SweepPoint]
  private let temperatures: Axis
  private var document = SVGDocument(width: 940, height: 520, style: Figure.style)

  /// The picture of at least one point, as SVG text; the caption stands above the panels.
  public static func svg(of points: [SweepPoint], caption: String) -> String {
    var figure = Figure(points)
    figure.draw(caption: caption)
    return figure.document.rendered
  }

  private init(_ points: [SweepPoint]) {
    precondition(!points.isEmpty, "a figure needs at least one point")
    self.points = points
    let values = points.map(\.temperature) + [ExactSolution.criticalTemperature]
    temperatures = Axis(values.min()! - 0.1...values.max()! + 0.1, tickCount: 6)
  }

  private mutating func draw(caption: String) {
    document.rectangle(Frame(left: 0, top: 0, width: document.width, height: document.height), class: "paper")
    document.text(caption, at: Point(x: document.width / 2, y: 28), class: "centred")
    let energies = points.map(\.energy.mean) + curveTemperatures.map(ExactSolution.energy(at:))
    draw(.magnetisation, on: Axis(-0.06...1.05, tickCount: 6), left: 74)
    draw(.energy, on: Axis(energies.min()! - 0.05...energies.max()! + 0.05, tickCount: 8), left: 548)
  }

  private mutating func draw(_ observable: Observable, on vertical: Axis, left: Double) {
    let panel = Panel(
      frame: Frame(left: left, top: 46, width: 372, height: 300), horizontal: temperatures, vertical: vertical)
    drawCriticalTemperature(in: panel)
    document.polyline(
      curveTemperatures.map { panel.place($0, observable.exact($0)) }, class: "exact")
    for point in points {
      panel.drawPoint(
        x: point.temperature, y: observable.value(point), error: observable.errorBar(point),
        class: point.isComparable ? "measured" : "excluded", in: &document)
    }
    panel.drawAxes(in: &document, hasHorizontalLabels: false)
    document.text(
      observable.label, at: Point(x: left - 48, y: panel.frame.top + 150), class: "centred", isVertical: true)
    drawLegend(of: observable, in: panel.frame)
    drawDeviations(of: observable, below: panel.frame)
  }
}

extension Figure {
  private mutating func drawDeviations(of observable: Observable, below frame: Frame) {
    let comparable = points.filter(\.isComparable)
    let largest = comparable.map { abs(observable.deviation($0)) }.filter(\.isFinite).max() ?? 0
    let limit = max(3.9, largest + 1.4)
    let panel = Panel(
      frame: Frame(left: frame.left, top: frame.bottom + 12, width: frame.width, height: 100),
      horizontal: temperatures, vertical: Axis(-limit...limit, tickCount: 5))
    let ends = temperatures.values
    let top = panel.place(ends.lowerBound, 2)
    let bottom = panel.place(ends.upperBound, -2)
    document.rectangle(
      Frame(left: top.x, top: top.y, width: bottom.x - top.x, height: bottom.y - top.y), class: "band")
    document.line(from: panel.place(ends.lowerBound, 0), to: panel.place(ends.upperBound, 0), class: "exact")
    drawCriticalTemperature(in: panel)
    for point in comparable {
      let deviation = observable.deviation(point)
      panel.drawPoint(
        x: point.temperature, y: deviation, error: deviation - 1...deviation + 1, class: "measured", in: &document)
    }
    panel.drawAxes(in: &document, hasHorizontalLabels: true)
    document.text(
      #"deviation / <tspan class="italic">σ</tspan>"#,
      at: Point(x: frame.left - 48, y: panel.frame.top + 50), class: "centred", isVertical: true)
    document.text(
      #"temperature <tspan class="italic">kT</tspan> / <tspan class="italic">J</tspan>"#,
      at: Point(x: frame.left + frame.width / 2, y: panel.frame.bottom + 42), class: "centred")
  }

  private mutating func drawCriticalTemperature(in panel: Panel) {
    let x = panel.place(ExactSolution.criticalTemperature, 0).x
    document.line(from: Point(x: x, y: panel.frame.top), to: Point(x: x, y: panel.frame.bottom), class: "critical")
  }

  private mutating func drawLegend(of observable: Observable, in frame: Frame) {
    let left = frame.right - 184
    let top = observable.isLegendAtTop ? frame.top + 26 : frame.bottom - 86
    let entries = ["exact (\(observable.author))", "simulation", "finite-size dominated", "critical temperature"]
    for (row, entry) in entries.enumerated() {
      let y = top + Double(row) * 20
      let (start, end) = (Point(x: left, y: y), Point(x: left + 22, y: y))
      switch row {
      case 0: document.line(from: start, to: end, class: "exact")
      case 1: document.circle(at: Point(x: left + 11, y: y), radius: 3.6, class: "measured")
      case 2: document.circle(at: Point(x: left + 11, y: y), radius: 3.6, class: "excluded")
      default: document.line(from: start, to: end, class: "critical")
      }
      document.text(entry, at: Point(x: left + 30, y: y + 4.5), class: "left")
    }
  }

  /// Temperatures at which the exact curves are drawn: evenly spaced, and denser towards the critical one, where the
  /// magnetisation falls with the power 1/8.
  private var curveTemperatures: [Double] {
    let critical = ExactSolution.criticalTemperature
    let ends = temperatures.values
    let even = (0...200).map { ends.lowerBound + (ends.upperBound - ends.lowerBound) * Double($0) / 200 }
    let dense = (0...60).map { critical - 0.1 * pow(0.75, Double($0)) }
    return (even + dense + [critical]).filter(ends.contains).sorted()
  }

  private static let style = """
    text { font-family: Helvetica, Arial, "Liberation Sans", sans-serif; font-size: 13px; fill: #222; }
    .left { text-anchor: start; } .centred { text-anchor: middle; } .right { text-anchor: end; }
    .italic { font-style: italic; }
    .paper { fill: #fff; } .frame { fill: none; stroke: #222; stroke-width: 1; }
    .axis { stroke: #222; stroke-width: 1; } .band { fill: #e9eef5; }
    .exact { fill: none; stroke: #c4512d; stroke-width: 1.6; stroke-linejoin: round; }
    .critical { stroke: #777; stroke-width: 1; stroke-dasharray: 5 4; }
    .error { stroke: #1f4e8c; stroke-width: 1.2; }
    .measured { fill: #1f4e8c; stroke: #fff; stroke-width: 0.6; }
    .excluded { fill: #fff; stroke: #1f4e8c; stroke-width: 1.2; }
    """
}
