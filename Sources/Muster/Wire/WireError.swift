/// Bytes that are not a well-formed frame: what is wrong and where.
public struct WireError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong with the bytes.
  public let code: Code

  /// The offset of the offending byte, counted from the start of the frame.
  public let offset: Int

  init(_ code: Code, offset: Int) {
    self.code = code
    self.offset = offset
  }

  public var description: String {
    "malformed frame at byte \(offset): \(code)"
  }
}

extension WireError {
  /// The kind of malformation.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
      case truncated = "the bytes end before the value does"
      case lengthTooLarge = "a length is larger than the bytes that are there can hold"
      case unknownTag = "no type of value has this tag"
      case unknownKind = "no kind of message has this number"
      case typeMismatch = "the value is of another type than the frame announced"
      case invalidUTF8 = "a string is not valid UTF-8"
      case numberOutOfRange = "a number does not fit the type that is to hold it"
      case depthExceeded = "containers are nested too deeply"
      case missingBulk = "an array was announced that did not come with the frame"
      case trailingBytes = "bytes are left after the last value"
    }

    private let kind: Kind

    private init(_ kind: Kind) {
      self.kind = kind
    }

    public var description: String { kind.rawValue }

    /// The bytes end before the value does.
    public static let truncated = Code(.truncated)
    /// A length is larger than the bytes that are there, or than the format can say.
    public static let lengthTooLarge = Code(.lengthTooLarge)
    /// No type of value has this tag.
    public static let unknownTag = Code(.unknownTag)
    /// No kind of message has this number.
    public static let unknownKind = Code(.unknownKind)
    /// The value is of another type than the frame announced.
    public static let typeMismatch = Code(.typeMismatch)
    /// A string is not valid UTF-8.
    public static let invalidUTF8 = Code(.invalidUTF8)
    /// A number does not fit the type that is to hold it.
    public static let numberOutOfRange = Code(.numberOutOfRange)
    /// Containers are nested too deeply.
    public static let depthExceeded = Code(.depthExceeded)
    /// An array was announced that did not come with the frame.
    public static let missingBulk = Code(.missingBulk)
    /// Bytes are left after the last value.
    public static let trailingBytes = Code(.trailingBytes)
  }
}
