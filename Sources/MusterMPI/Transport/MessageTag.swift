#if MPI
  /// What the tag of an MPI message says: which connection it belongs to, and what it is.
  ///
  /// The standard promises tags up to 32767 only, hence 4095 connections that one rank may open to another.
  struct MessageTag: Hashable, Sendable {
    enum Kind: Int32 {
      /// Bytes of the stream.
      case data
      /// The receiver has taken so many bytes (eight bytes, little-endian).
      case taken
      /// A new connection.
      case open
      /// The sender's half of the stream has ended.
      case close
    }

    static let numbers: ClosedRange<Int32> = 1...4095

    /// Chosen by the rank that opened the connection.
    let number: Int32
    /// Whether the sender of the message is the one that opened it.
    let isFromOpener: Bool
    let kind: Kind

    init(number: Int32, isFromOpener: Bool, kind: Kind) {
      self.number = number
      self.isFromOpener = isFromOpener
      self.kind = kind
    }

    init?(_ rawValue: Int32) {
      guard Self.numbers.contains(rawValue >> 3), let kind = Kind(rawValue: rawValue >> 1 & 3) else { return nil }
      self.init(number: rawValue >> 3, isFromOpener: rawValue & 1 == 1, kind: kind)
    }

    var rawValue: Int32 { number << 3 | kind.rawValue << 1 | (isFromOpener ? 1 : 0) }
  }
#endif
