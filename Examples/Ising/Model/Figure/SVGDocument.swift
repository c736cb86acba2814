/// A self-contained SVG picture, built element by element; later elements cover earlier ones.
struct SVGDocument {
  let width: Double
  let height: Double
  /// The style sheet; elements refer to it by class.
  let style: String
  private var elements: [String] = []

  init(width: Double, height: Double, style: String) {
    self.width = width
    self.height = height
    self.style = style
  }

  mutating func rectangle(_ frame: Frame, class name: String) {
    elements.append(
      """
      <rect class="\(name)" x="\(number(frame.left))" y="\(number(frame.top))" \
      width="\(number(frame.width))" height="\(number(frame.height))"/>
      """)
  }

  mutating func line(from start: Point, to end: Point, class name: String) {
    elements.append(
      """
      <line class="\(name)" x1="\(number(start.x))" y1="\(number(start.y))" \
      x2="\(number(end.x))" y2="\(number(end.y))"/>
      """)
  }

  mutating func polyline(_ points: some Sequence<Point>, class name: String) {
    let list = points.map { number($0.x) + "," + number($0.y) }.joined(separator: " ")
    elements.append(#"<polyline class="\#(name)" points="\#(list)"/>"#)
  }

  mutating func circle(at centre: Point, radius: Double, class name: String) {
    elements.append(
      #"<circle class="\#(name)" cx="\#(number(centre.x))" cy="\#(number(centre.y))" r="\#(number(radius))"/>"#)
  }

  /// Text given as SVG markup, which may hold `tspan` elements; quarter turns anticlockwise if `isVertical`.
  mutating func text(_ markup: String, at point: Point, class name: String, isVertical: Bool = false) {
    let rotation = isVertical ? #" transform="rotate(-90 \#(number(point.x)) \#(number(point.y)))""# : ""
    elements.append(
      #"<text class="\#(name)" x="\#(number(point.x))" y="\#(number(point.y))"\#(rotation)>\#(markup)</text>"#)
  }

  /// The document as text.
  var rendered: String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <svg xmlns="http://www.w3.org/2000/svg" width="\(number(width))" height="\(number(height))" \
    viewBox="0 0 \(number(width)) \(number(height))">
    <style>
    \(style)
    </style>
    \(elements.joined(separator: "\n"))
    </svg>

    """
  }

  private func number(_ value: Double) -> String { value.fixed(2) }
}

/// A place in the picture; y grows downwards.
struct Point {
  var x: Double
  var y: Double
}

/// A rectangle in the picture.
struct Frame {
  var left: Double
  var top: Double
  var width: Double
  var height: Double

  var right: Double { left + width }
  var bottom: Double { top + height }
}
