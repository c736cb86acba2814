/// A keyed container that is made from nothing but its encoder.
protocol WireKeyedWriter: KeyedEncodingContainerProtocol {
  init(encoder: WireEncoder)
}

/// A keyed container that is made from nothing but its decoder.
protocol WireKeyedReader: KeyedDecodingContainerProtocol {
  init(decoder: WireDecoder)
}

/// `KeyedContainers` of any type of keys.
class AnyKeyedContainers {
  /// The type of the keys.
  let keyType: ObjectIdentifier

  fileprivate init(keyType: Any.Type) {
    self.keyType = ObjectIdentifier(keyType)
  }
}

/// Makes keyed containers for one type of keys.
///
/// Generic code that names `KeyedWriter<Key>` looks up its metadata each time, some 30 ns. An object
/// has all the parameters of its class at hand; that is the only reason why this is one.
class KeyedContainers<Key: CodingKey>: AnyKeyedContainers {
  fileprivate init() {
    super.init(keyType: Key.self)
  }

  func writer(_ encoder: WireEncoder) -> KeyedEncodingContainer<Key> { fatalError("abstract") }
  func reader(_ decoder: WireDecoder) -> KeyedDecodingContainer<Key> { fatalError("abstract") }
}

/// The only subclass: the containers are parameters of their own for the reason given above.
final class KeyedContainersOf<Key, Writer: WireKeyedWriter, Reader: WireKeyedReader>: KeyedContainers<Key>
where Writer.Key == Key, Reader.Key == Key {
  override init() {
    super.init()
  }

  @inline(never)
  override func writer(_ encoder: WireEncoder) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Writer(encoder: encoder))
  }

  @inline(never)
  override func reader(_ decoder: WireDecoder) -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(Reader(decoder: decoder))
  }
}
