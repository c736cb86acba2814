/// A framed diagram with two axes inside a picture.
struct Panel {
  let frame: Frame
  let horizontal: Axis
  let vertical: Axis

  func place(_ x: Double, _ y: Double) -> Point {
    Point(
      x: frame.left + horizontal.fraction(of: x) * frame.width,
      y: frame.bottom - vertical.fraction(of: y) * frame.height)
  }

  /// Draws the frame, the ticks and the tick labels.
  func drawAxes(in document: inout SVGDocument, hasHorizontalLabels: Bool) {
    for tick in horizontal.ticks {
      let x = place(tick, vertical.values.lowerBound).x
      document.line(from: Point(x: x, y: frame.bottom), to: Point(x: x, y: frame.bottom - 5), class: "axis")
      document.line(from: Point(x: x, y: frame.top), to: Point(x: x, y: frame.top + 5), class: "axis")
      if hasHorizontalLabels {
        document.text(horizontal.label(tick), at: Point(x: x, y: frame.bottom + 18), class: "centred")
      }
    }
    for tick in vertical.ticks {
      let y = place(horizontal.values.lowerBound, tick).y
      document.line(from: Point(x: frame.left, y: y), to: Point(x: frame.left + 5, y: y), class: "axis")
      document.line(from: Point(x: frame.right, y: y), to: Point(x: frame.right - 5, y: y), class: "axis")
      document.text(vertical.label(tick), at: Point(x: frame.left - 8, y: y + 4.5), class: "right")
    }
    document.rectangle(frame, class: "frame")
  }

  /// Draws a marker with its error bar; both are kept inside the frame.
  func drawPoint(
    x: Double, y: Double, error: ClosedRange<Double>, class name: String, in document: inout SVGDocument
  ) {
    let lower = place(x, clamped(error.lowerBound))
    let upper = place(x, clamped(error.upperBound))
    document.line(from: lower, to: upper, class: "error")
    for end in [lower, upper] {
      document.line(from: Point(x: end.x - 3, y: end.y), to: Point(x: end.x + 3, y: end.y), class: "error")
    }
    document.circle(at: place(x, clamped(y)), radius: 3.6, class: name)
  }

  private func clamped(_ y: Double) -> Double {
    min(max(y, vertical.values.lowerBound), vertical.values.upperBound)
  }
}
