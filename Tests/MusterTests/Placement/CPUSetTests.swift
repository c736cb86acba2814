import CHwloc
import Glibc
import Testing

@testable import Muster

@Test(
  arguments: [
    ("", ""), ("0", "0"), ("0-3,8", "0-3,8"), ("8,0-3", "0-3,8"), (" 1 , 2\n", "1-2"), ("0-6:2", "0,2,4,6"),
    ("0-15:2/8", "0-1,8-9"), ("5-5", "5"), ("0x0", ""), ("0x10f", "0-3,8"), ("0X1", "0"), ("0x1,0x00000001", "0,32"),
    ("0x1,,0x3", "0-1,64"), ("0x80000000,0x0", "63"), ("65535", "65535"), ("0-65535", "0-65535"),
  ])
func `a set of CPUs is read as Linux, schedulers and hwloc write it`(text: String, list: String) throws {
  #expect(try CPUSet(text).description == list)
}

@Test func `the mask of proc needs no 0x`() throws {
  #expect(try CPUSet("00000001,0000010f", format: .kernel) == CPUSet("0-3,8,32"))
  #expect(try CPUSet("ff\n", format: .kernel) == CPUSet("0-7"))
}

@Test(
  arguments: [
    "a", "-", "-1", "1-", "3-1", "1--2", "1-2-3", ",", "1,", "1,,2", "+1", "1:2", "0-3:", "0-3:0", "0-3:1/0",
    "0-3:1/2/3",
    "0x", "0xg", "0x1,0x123456789", "0xf...f", "0xf...f,0x00000001", "65536", "0-99999999999999999999", "1 2", "１",
  ])
func `what is no set of CPUs is an error that shows it`(text: String) throws {
  let error = #expect(throws: ClusterError.self) { try CPUSet(text) }
  #expect(error?.code == .invalidArgument && error?.message.contains("'\(text)'") == true)
}

@Test func `masks beyond the limit are refused without being built`() {
  #expect(throws: ClusterError.self) { try CPUSet("0x1" + String(repeating: "0", count: 16_384)) }
  #expect(throws: ClusterError.self) { try CPUSet(String(repeating: "0x1,", count: 4_000) + "0x1") }
}

/// Random sets, sparse and dense, small and large.
private func randomSets(_ count: Int) -> [Set<Int>] {
  var generator = SplitMix64(seed: 4)
  return (0..<count).map { _ in
    let limit = [1, 8, 33, 64, 65, 200, 1_500].randomElement(using: &generator)!
    let density = Int.random(in: 1...4, using: &generator)
    return Set((0..<limit).filter { _ in Int.random(in: 0...4, using: &generator) < density })
  }
}

@Test func `a set is the same in every format`() throws {
  for set in randomSets(200).map({ CPUSet($0) }) {
    for format in CPUSet.Format.allCases {
      #expect(try CPUSet(set.formatted(format), format: format) == set, "\(format): \(set.formatted(format))")
    }
    for format in [CPUSet.Format.list, .mask, .hwloc] { #expect(try CPUSet(set.formatted(format)) == set) }
  }
}

@Test func `hwloc writes what is read here, and reads what is written here`() throws {
  let bitmap = try #require(hwloc_bitmap_alloc())
  defer { hwloc_bitmap_free(bitmap) }
  typealias Printer = (UnsafeMutablePointer<CChar>?, Int, hwloc_const_bitmap_t?) -> Int32
  typealias Reader = (hwloc_bitmap_t?, UnsafePointer<CChar>?) -> Int32
  let formats: [(CPUSet.Format, Printer, Reader)] = [
    (.list, { hwloc_bitmap_list_snprintf($0, $1, $2) }, { hwloc_bitmap_list_sscanf($0, $1) }),
    (.mask, { hwloc_bitmap_taskset_snprintf($0, $1, $2) }, { hwloc_bitmap_taskset_sscanf($0, $1) }),
    (.hwloc, { hwloc_bitmap_snprintf($0, $1, $2) }, { hwloc_bitmap_sscanf($0, $1) }),
  ]
  for set in randomSets(100).map({ CPUSet($0) }) {
    for (format, write, read) in formats {
      hwloc_bitmap_zero(bitmap)
      for cpu in set { hwloc_bitmap_set(bitmap, UInt32(cpu)) }
      var buffer = [CChar](repeating: 0, count: 16_384)
      _ = write(&buffer, buffer.count, bitmap)
      let theirs = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      #expect(try CPUSet(theirs, format: format) == set, "\(theirs)")
      #expect(read(bitmap, set.formatted(format)) == 0 && CPUSet(bitmap) == set, "\(format)")
    }
  }
}

@Test func `set algebra is that of Set`() {
  let sets = randomSets(60)
  for (a, b) in zip(sets, sets.reversed()) {
    let (x, y) = (CPUSet(a), CPUSet(b))
    #expect(Array(x) == a.sorted() && x.count == a.count && x.isEmpty == a.isEmpty)
    #expect(x.first == a.min() && x.last == a.max())
    #expect(Set(x.union(y)) == a.union(b) && Set(x.intersection(y)) == a.intersection(b))
    #expect(Set(x.subtracting(y)) == a.subtracting(b) && Set(x.symmetricDifference(y)) == a.symmetricDifference(b))
    #expect(x.isDisjoint(with: y) == a.isDisjoint(with: b) && x.isSubset(of: y) == a.isSubset(of: b))
    #expect((x == y) == (a == b) && CPUSet(x.union(y).subtracting(y)) == CPUSet(a.subtracting(b)))
    #expect((-1...70).allSatisfy { x.contains($0) == a.contains($0) })
  }
}

@Test func `elements come and go, and equal sets are equal values`() {
  var set: CPUSet = [1, 200]
  #expect(set.insert(1).inserted == false && set.insert(5).inserted && set.update(with: 6) == nil)
  #expect(set.remove(200) == 200 && set.remove(200) == nil && set.remove(9_999) == nil)
  #expect(set == [1, 5, 6] && set.hashValue == CPUSet([6, 5, 1]).hashValue)
}

@Test func `the affinity of a thread is what taskset would say`() throws {
  let here = CPUSet.ofThisThread
  #expect(!here.isEmpty)
  let status = try #require(readSmallFile("/proc/thread-self/status"))
  let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") })
  #expect(try CPUSet(line.dropFirst("Cpus_allowed:".count), format: .kernel) == here)
  #expect(CPUSet((0..<here.bytes.count * 8).filter { here.bytes[$0 / 8] & (1 << ($0 % 8)) != 0 }) == here)
}
