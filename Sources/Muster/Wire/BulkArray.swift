import Glibc

/// An array of numbers that travels from its own memory, beside the frame that mentions it.
///
/// `@unchecked Sendable`: all properties are constant. The memory behind `base` is written only by
/// the transport that fills an array it allocated, before it hands that array on; from then on, and
/// for every array that is sent, it is only read, because Swift copies an array before changing
/// it as long as this object holds a reference too.
class BulkArray: @unchecked Sendable {
  /// Arrays of at least this many bytes travel beside the frame instead of inside it.
  static let threshold = 32 * 1024

  /// The tag of the elements.
  let elementCode: UInt8

  /// The size of the memory at `base`.
  let byteCount: Int

  /// The first element. Stays valid as long as this object: without Objective-C an array's
  /// elements always lie inside one heap object, which never moves, and which the subclass
  /// holds by a constant reference that nothing can change or replace.
  let base: UnsafeMutableRawPointer

  fileprivate init(elementCode: UInt8, byteCount: Int, base: UnsafeMutableRawPointer) {
    self.elementCode = elementCode
    self.byteCount = byteCount
    self.base = base
  }

  /// Allocates an array whose elements the caller fills in through `base`.
  ///
  /// The caller has to have checked `byteCount` against its own limits: this allocates whatever it is asked for.
  ///
  /// - Parameters:
  ///   - elementCode: the tag of the elements, as the sender named it.
  ///   - byteCount: the size of the array's memory.
  /// - Throws: `unknownTag` if no number has the code, `lengthTooLarge` if the size is negative
  ///   or not a multiple of the element's.
  static func allocate(elementCode: UInt8, byteCount: Int) throws(WireError) -> BulkArray {
    guard let tag = WireTag(rawValue: elementCode), let type = tag.numberType else {
      throw WireError(.unknownTag, offset: 0)
    }
    guard byteCount >= 0, byteCount.isMultiple(of: tag.numberSize) else {
      throw WireError(.lengthTooLarge, offset: 0)
    }
    return type.allocateBulk(byteCount: byteCount)
  }

  /// Whether the other one is the same memory, which is then the same content: both hold it, and so nobody changes it.
  func isSame(as other: BulkArray) -> Bool {
    byteCount > 0 && base == other.base && byteCount == other.byteCount && elementCode == other.elementCode
  }

  /// Encodes the array it stands for.
  func encodeArray(to container: inout any UnkeyedEncodingContainer) throws { fatalError("abstract") }

  /// The memory of the array.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }
}

/// A bulk array with the array it stands for. There is one subclass for each element code.
final class TypedBulkArray<Element: WireNumber>: BulkArray, @unchecked Sendable {
  let array: [Element]

  init(_ array: [Element]) {
    self.array = array
    let memory = array.withUnsafeBytes { $0 }
    super.init(
      elementCode: Element.tag.rawValue, byteCount: memory.count,
      base: memory.baseAddress.map(UnsafeMutableRawPointer.init(mutating:)) ?? noMemory)
  }

  override func encodeArray(to container: inout any UnkeyedEncodingContainer) throws { try container.encode(array) }

  fileprivate init(unfilledByteCount byteCount: Int) {
    let count = byteCount / MemoryLayout<Element>.stride
    var memory: UnsafeMutableRawPointer?
    // Every bit pattern is a number, so memory that is not filled yet is a valid array already.
    array = Array(unsafeUninitializedCapacity: count) { buffer, initializedCount in
      memory = UnsafeMutableRawPointer(buffer.baseAddress)
      initializedCount = count
    }
    super.init(elementCode: Element.tag.rawValue, byteCount: byteCount, base: memory ?? noMemory)
    adviseHugePages()
  }

  /// Asks for huge pages before the first touch: page faults cost more than the copying otherwise.
  private func adviseHugePages() {
    let hugePage = 2 * 1024 * 1024
    guard byteCount >= 2 * hugePage else { return }
    let first = (UInt(bitPattern: base) + UInt(hugePage - 1)) & ~UInt(hugePage - 1)
    let last = (UInt(bitPattern: base) + UInt(byteCount)) & ~UInt(hugePage - 1)
    guard first < last else { return }
    // Advice only: a kernel without huge pages refuses it, and nothing is lost.
    _ = madvise(UnsafeMutableRawPointer(bitPattern: first), Int(last - first), Int32(MADV_HUGEPAGE))
  }
}

/// An address for arrays without elements; nothing is ever stored there.
private var noMemory: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 16)! }

extension WireNumber {
  fileprivate static func allocateBulk(byteCount: Int) -> BulkArray {
    TypedBulkArray<Self>(unfilledByteCount: byteCount)
  }
}

extension WireTag {
  /// The type whose values have this tag, if it is a number.
  var numberType: (any WireNumber.Type)? {
    switch self {
    case .int: Int.self
    case .int8: Int8.self
    case .int16: Int16.self
    case .int32: Int32.self
    case .int64: Int64.self
    case .int128: Int128.self
    case .uint: UInt.self
    case .uint8: UInt8.self
    case .uint16: UInt16.self
    case .uint32: UInt32.self
    case .uint64: UInt64.self
    case .uint128: UInt128.self
    case .float16: Float16.self
    case .float: Float.self
    case .double: Double.self
    default: nil
    }
  }
}
