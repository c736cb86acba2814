/// One object of JSON (RFC 8259) on one line, written member by member: an encoder takes a hundred times as long.
struct JSONLine {
  private(set) var bytes: [UInt8] = []
  private var isEmpty = true

  init(_ event: String, seconds: Double) {
    bytes.append(UInt8(ascii: "{"))
    add("event", event)
    add("t", seconds)
  }

  private mutating func key(_ name: StaticString) {
    if !isEmpty { bytes.append(UInt8(ascii: ",")) }
    isEmpty = false
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: [UInt8(ascii: "\""), UInt8(ascii: ":")])
  }

  mutating func add(_ name: StaticString, _ value: String) {
    key(name)
    append(value)
  }

  mutating func add(_ name: StaticString, _ value: Int) {
    key(name)
    append(value)
  }

  mutating func add(_ name: StaticString, _ value: Bool) {
    key(name)
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  /// With six digits behind the point: microseconds, of seconds.
  mutating func add(_ name: StaticString, _ value: Double) {
    key(name)
    let millionths = UInt64(max(0, min(value, 1e12)) * 1e6 + 0.5)
    append(Int(millionths / 1_000_000))
    let digits = String(millionths % 1_000_000)
    bytes.append(UInt8(ascii: "."))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 6 - digits.utf8.count))
    bytes.append(contentsOf: digits.utf8)
  }

  mutating func add(_ name: StaticString, _ values: [String]) {
    addArray(name, values) { $0.append($1) }
  }

  mutating func add(_ name: StaticString, _ values: [Int]) {
    addArray(name, values) { $0.append($1) }
  }

  /// Nothing where there is no value.
  mutating func add(_ name: StaticString, _ value: String?) {
    if let value { add(name, value) }
  }

  mutating func add(_ name: StaticString, _ value: Int?) {
    if let value { add(name, value) }
  }

  /// The line with its end.
  consuming func line() -> [UInt8] {
    bytes.append(contentsOf: [UInt8(ascii: "}"), UInt8(ascii: "\n")])
    return bytes
  }

  private mutating func addArray<Element>(
    _ name: StaticString, _ values: [Element], _ append: (inout JSONLine, Element) -> Void
  ) {
    key(name)
    bytes.append(UInt8(ascii: "["))
    for (index, value) in values.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      append(&self, value)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func append(_ value: Int) { bytes.append(contentsOf: String(value).utf8) }

  private mutating func append(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
      case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        bytes.append(contentsOf: ("\\u00" + (digits.utf8.count < 2 ? "0" : "") + digits).utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
