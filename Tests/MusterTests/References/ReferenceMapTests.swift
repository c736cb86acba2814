import Testing

@testable import Muster

@Test func `a map of references does what a dictionary does`() {
  for seed in 0..<20 {
    var generator = SplitMix64(seed: UInt64(seed))
    var map = ReferenceMap<Int>()
    var dictionary: [RRID: Int] = [:]
    // Few keys, so that most are met again; a table that grows and shrinks several times.
    for step in 0..<20_000 {
      let key = RRID(
        whence: ProcessID(Int.random(in: 1...3, using: &generator)), id: UInt64.random(in: 0..<600, using: &generator))
      let grows = step / 2_000 % 2 == 0
      if let place = map.find(key) {
        #expect(map[place] == dictionary[key])
        if Int.random(in: 0..<4, using: &generator) < (grows ? 1 : 3) {
          #expect(map.remove(at: place) == dictionary.removeValue(forKey: key))
        } else {
          map[place] += 1
          dictionary[key]! += 1
        }
      } else {
        #expect(dictionary[key] == nil)
        if grows {
          map.insert(key, step)
          dictionary[key] = step
        }
      }
      if map.count != dictionary.count { Issue.record("seed \(seed) step \(step)") }
    }
    let removed = map.retain { key, value in
      #expect(dictionary[key] == value)
      return key.id.isMultiple(of: 2)
    }
    let kept = dictionary.filter { $0.key.id.isMultiple(of: 2) }
    #expect(removed.count == dictionary.count - kept.count && map.count == kept.count)
    for (key, value) in kept { #expect(map.find(key).map { map[$0] } == value) }
  }
}

@Test func `a map from which everything is removed is empty, however large it was`() {
  var map = ReferenceMap<Int>()
  for id in 0..<100_000 { map.insert(RRID(whence: 1, id: UInt64(id)), id) }
  for id in 0..<100_000 { #expect(map.find(RRID(whence: 1, id: UInt64(id))).map { map.remove(at: $0) } == id) }
  #expect(map.count == 0 && map.find(RRID(whence: 1, id: 5)) == nil)
}
