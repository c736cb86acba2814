/// The key of an element of an unkeyed container.
struct IndexKey: CodingKey {
  let index: Int

  init(_ index: Int) {
    self.index = index
  }

  init?(intValue: Int) {
    index = intValue
  }

  init?(stringValue: String) {
    guard let index = Int(stringValue) else { return nil }
    self.index = index
  }

  var intValue: Int? { index }
  var stringValue: String { String(index) }
}

/// The key under which `superEncoder()` files what a class says about its superclass.
enum SuperKey: String, CodingKey {
  case `super`
}

/// A place in a value that is being coded. Paths are walked only when someone asks for one, so
/// that keeping them costs no allocation.
protocol CodingPlace: AnyObject {
  var parent: Self? { get }
  var key: (any CodingKey)? { get }
}

extension CodingPlace {
  var codingPath: [any CodingKey] {
    var path: [any CodingKey] = []
    var place: Self? = self
    while let current = place {
      if let key = current.key { path.append(key) }
      place = current.parent
    }
    path.reverse()
    return path
  }
}
