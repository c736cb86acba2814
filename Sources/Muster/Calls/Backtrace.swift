import CMuster
import Glibc

/// Where errors were thrown.
enum Backtrace {
  private static let maximumFrames = 64

  /// Describes the frames of the latest throw on this thread, the throwing function first; empty if unknown.
  static func ofLatestThrow() -> String {
    withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: maximumFrames) { addresses in
      let count = Int(muster_take_throw(addresses.baseAddress!, Int32(maximumFrames)))
      let names = addresses.prefix(count).compactMap { $0.map(SymbolTable.executable.describe) }
      // The frames of the hook itself come first.
      let first = names.firstIndex { $0.contains("swift_willThrow") }.map { $0 + 1 } ?? 0
      return names[first...].enumerated().map { "  \($0.offset): \($0.element)" }.joined(separator: "\n")
    }
  }
}

@_silgen_name("swift_demangle")
private func swiftDemangle(
  _ name: UnsafePointer<CChar>?, _ length: UInt, _ buffer: UnsafeMutablePointer<CChar>?,
  _ bufferSize: UnsafeMutablePointer<UInt>?, _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?

/// The symbols of the running executable, from its ELF symbol table: the dynamic linker knows only exported ones.
struct SymbolTable: Sendable {
  static let executable = SymbolTable(path: "/proc/self/exe")

  private struct Symbol: Sendable {
    let address: UInt
    let size: UInt
    let nameOffset: Int
  }

  private var symbols: [Symbol] = []
  private var names: [UInt8] = []
  /// Where the executable was loaded.
  private var base: UInt = 0

  private init(path: String) {
    guard let file = MappedFile(path: path) else { return }
    base = muster_load_address()
    let bytes = file.bytes
    guard bytes.count > MemoryLayout<Elf64_Ehdr>.size else { return }
    let header = bytes.loadUnaligned(as: Elf64_Ehdr.self)
    func section(_ index: Int) -> Elf64_Shdr? {
      let offset = Int(header.e_shoff) + index * Int(header.e_shentsize)
      guard offset + MemoryLayout<Elf64_Shdr>.size <= bytes.count else { return nil }
      return bytes.loadUnaligned(fromByteOffset: offset, as: Elf64_Shdr.self)
    }
    for index in 0..<Int(header.e_shnum) {
      guard let table = section(index), table.sh_type == UInt32(SHT_SYMTAB),
        let strings = section(Int(table.sh_link)),
        Int(strings.sh_offset + strings.sh_size) <= bytes.count, Int(table.sh_offset + table.sh_size) <= bytes.count
      else { continue }
      names = Array(bytes[Int(strings.sh_offset)..<Int(strings.sh_offset + strings.sh_size)])
      readSymbols(bytes, table)
    }
    symbols.sort { $0.address < $1.address }
  }

  private mutating func readSymbols(_ bytes: UnsafeRawBufferPointer, _ table: Elf64_Shdr) {
    let size = MemoryLayout<Elf64_Sym>.size
    for offset in stride(from: Int(table.sh_offset), to: Int(table.sh_offset + table.sh_size) - size + 1, by: size) {
      let symbol = bytes.loadUnaligned(fromByteOffset: offset, as: Elf64_Sym.self)
      guard symbol.st_info & 0xf == UInt8(STT_FUNC), symbol.st_value != 0, Int(symbol.st_name) < names.count else {
        continue
      }
      symbols.append(
        Symbol(address: UInt(symbol.st_value), size: UInt(symbol.st_size), nameOffset: Int(symbol.st_name)))
    }
  }

  /// The function at a return address, demangled, or the object and offset.
  func describe(_ pointer: UnsafeMutableRawPointer) -> String {
    // A return address is behind the call; one byte back is inside it.
    let address = UInt(bitPattern: pointer) &- 1
    if let name = name(at: address &- base) { return Self.demangle(name) }
    var object: UnsafePointer<CChar>?
    var offset: UInt = 0
    if let symbol = muster_symbol_name(address, &object, &offset) { return Self.demangle(String(cString: symbol)) }
    guard let object else { return "0x" + String(address, radix: 16) }
    return String(cString: object) + " + 0x" + String(offset, radix: 16)
  }

  private func name(at address: UInt) -> String? {
    var low = 0
    var high = symbols.count
    while low < high {
      let middle = (low + high) / 2
      if symbols[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, address < symbols[low - 1].address + max(1, symbols[low - 1].size) else { return nil }
    return String(decoding: names[symbols[low - 1].nameOffset...].prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func demangle(_ name: String) -> String {
    guard name.hasPrefix("$s"), let demangled = swiftDemangle(name, UInt(name.utf8.count), nil, nil, 0) else {
      return name
    }
    defer { free(demangled) }
    return String(cString: demangled)
  }
}

/// A file mapped for reading.
private final class MappedFile {
  let bytes: UnsafeRawBufferPointer

  init?(path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > 0,
      let base = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
    else { return nil }
    bytes = UnsafeRawBufferPointer(start: base, count: Int(status.st_size))
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count) }
}
