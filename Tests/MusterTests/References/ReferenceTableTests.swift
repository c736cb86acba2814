import Testing

@testable import Muster

private let reference = RRID(whence: 1, id: 7)

@Test func `a value is kept as long as anybody holds it`() throws {
  let table = ReferenceTable()
  let promise = table.create(reference, holder: 1)
  table.addHold(of: reference, by: 2)
  #expect(table.holders(of: reference) == [1, 2] && table.count == 1)
  #expect(try table.promise(reference) === promise)
  table.release([reference], by: 1)
  #expect(table.contains(reference) && table.holders(of: reference) == [2])
  table.release([reference], by: 2)
  #expect(!table.contains(reference) && table.count == 0)
}

@Test func `a process that holds twice has to release twice`() {
  let table = ReferenceTable()
  _ = table.create(reference, holder: 1)
  table.addHold(of: reference, by: 1)
  table.release([reference], by: 1)
  #expect(table.contains(reference))
  table.release([reference], by: 1)
  #expect(!table.contains(reference))
}

@Test func `creating what is there already counts as one more hold`() {
  let table = ReferenceTable()
  let first = table.create(reference, holder: 1)
  let second = table.create(reference, holder: 2)
  #expect(first === second && table.holders(of: reference) == [1, 2])
}

@Test func `a hold may come before the value is known`() throws {
  let table = ReferenceTable()
  table.addHold(of: reference, by: 1)
  let early = try table.promise(reference)
  table.addHold(of: reference, by: 2, registrar: 1)
  #expect(table.create(reference, holder: 1) === early)
  table.release([reference, reference], by: 1)
  #expect(table.holders(of: reference) == [2])
}

@Test func `a release that overtakes its hold leaves the value to those who have it`() throws {
  let table = ReferenceTable()
  let promise = table.create(reference, holder: 1)
  // 2's release comes before 1 has registered 2's hold; 1 still holds.
  table.release([reference], by: 2)
  #expect(try table.promise(reference) === promise)
  table.addHold(of: reference, by: 2)
  #expect(table.holders(of: reference) == [1])
  table.release([reference], by: 1)
  #expect(table.count == 0)
}

@Test func `a count below zero keeps the value until the hold has come`() {
  let table = ReferenceTable()
  _ = table.create(reference, holder: 1)
  table.release([reference], by: 2)
  table.release([reference], by: 1)
  #expect(table.contains(reference))
  table.addHold(of: reference, by: 2)
  #expect(table.count == 0)
}

@Test func `in whatever order holds and releases of each process come, nothing is left at the end`() {
  for seed in 0..<200 {
    var generator = SplitMix64(seed: UInt64(seed) &+ 40)
    let table = ReferenceTable()
    // 1 makes it and registers the holds of 2…5, in order, before its own release; their releases come at any time,
    // also before there is anything.
    var words: [() -> Void] = [{ _ = table.create(reference, holder: 1) }]
    words += (2...5).map { pid in { table.addHold(of: reference, by: ProcessID(pid), registrar: 1) } }
    words.append { table.release([reference], by: 1) }
    let count = words.count
    var releases: [() -> Void] = (2...5).map { pid in { table.release([reference], by: ProcessID(pid), registrar: 1) } }
    releases.shuffle(using: &generator)
    while !words.isEmpty || !releases.isEmpty {
      let takesWord = releases.isEmpty || (!words.isEmpty && Bool.random(using: &generator))
      if !words.isEmpty { #expect(table.contains(reference) == (words.count < count)) }
      (takesWord ? words.removeFirst() : releases.removeFirst())()
    }
    #expect(table.count == 0, "seed \(seed)")
  }
}

@Test func `a release may come before the value is known`() throws {
  let table = ReferenceTable()
  // 1 has sent it to 2, and 2 has dropped it, before the owner has heard of it from 1.
  table.release([reference], by: 2, registrar: 1)
  #expect(!table.contains(reference) && table.holders(of: reference).isEmpty)
  let promise = table.create(reference, holder: 1)
  #expect(try table.promise(reference) === promise)
  table.addHold(of: reference, by: 2, registrar: 1)
  #expect(table.holders(of: reference) == [1])
  table.release([reference], by: 1)
  #expect(table.count == 0)
}

@Test func `what came before the value is forgotten with the process without which it has no meaning`() {
  for lost in [1, 2, 3] as [ProcessID] {
    let table = ReferenceTable()
    // Made by 1, sent by 2 to 3; the words of 1 are still on their way.
    table.addHold(of: reference, by: 3, registrar: 2)
    table.release([reference], by: 3, registrar: 2)
    #expect(table.count == 0)
    table.release([reference], by: 3, registrar: 2)
    #expect(table.count == 1)
    table.releaseAll(heldBy: lost)
    #expect(table.count == 0, "lost \(lost)")
    table.release([reference], by: 3, registrar: 2)
    #expect(table.count == 0, "lost \(lost)")
  }
}

@Test func `a process that has gone holds nothing, whatever still comes about it`() {
  let table = ReferenceTable()
  let other = RRID(whence: 2, id: 1)
  _ = table.create(reference, holder: 1)
  _ = table.create(other, holder: 2)
  table.addHold(of: reference, by: 2)
  table.releaseAll(heldBy: 2)
  #expect(table.holders(of: reference) == [1] && !table.contains(other))
  table.addHold(of: reference, by: 2)
  #expect(table.holders(of: reference) == [1])
  // Its release was still on its way: it must not leave a count that nothing will ever balance.
  table.release([reference], by: 2)
  #expect(table.holders(of: reference) == [1])
  table.release([reference], by: 1)
  #expect(table.count == 0)
}

@Test func `nothing at all behind a reference is an error`() {
  let table = ReferenceTable()
  _ = table.create(reference, holder: 1)
  do {
    _ = try table.promise(RRID(whence: 3, id: 9))
    Issue.record("no error")
  } catch {
    #expect(error.message.contains("3:9"))
  }
}

@Test func `another type behind a reference is an error`() async throws {
  let promise = ReferenceTable().create(reference, holder: 1)
  promise.fulfil(.success(5))
  #expect(try await promise.value(as: Int.self, of: reference) == 5)
  await #expect(throws: ClusterError.self) { try await promise.value(as: String.self, of: reference) }
}

@Test func `only the maker of a reference is believed that something is to be kept`() {
  let table = ReferenceTable()
  table.addHold(of: reference, by: 2, registrar: 1)
  table.addHold(of: reference, by: 3)
  #expect(!table.contains(reference))
  #expect(throws: ClusterError.self) { try table.promise(reference) }
}

@Test func `what a lost process had not yet registered is not waited for`() {
  let table = ReferenceTable()
  _ = table.create(reference, holder: 1)
  table.addHold(of: reference, by: 2, registrar: 1)
  // 2 sent it to 3 and 4 and died; its word for 4 was lost, and 4 has released before that is known.
  table.addHold(of: reference, by: 3, registrar: 2)
  table.release([reference], by: 4, registrar: 2)
  table.releaseAll(heldBy: 2)
  #expect(table.holders(of: reference) == [1, 3])
  // What it had registered counts until it is released, once.
  table.release([reference], by: 3, registrar: 2)
  table.release([reference], by: 3, registrar: 2)
  table.release([reference], by: 4, registrar: 2)
  table.addHold(of: reference, by: 4, registrar: 2)
  #expect(table.holders(of: reference) == [1])
  table.release([reference], by: 1)
  #expect(table.count == 0)
}

@Test func `a value may hold references to others that are forgotten with it`() async throws {
  try await withClusterPair { pair async throws in
    do {
      let inner = RemoteChannel<Int>()
      let outer = RemoteChannel<RemoteChannel<Int>>(capacity: 2)
      try await outer.put(inner)
      try await outer.put(RemoteChannel<Int>())
      #expect(pair.one.references.count == 3)
    }
    await expectNothingKept(by: [pair.one, pair.two])
  }
}
