import Testing

@testable import Muster

private final class Observer: ReplyObserver {
  let kinds = Recorder<Reply.Kind>()
  func complete(with reply: Reply) { kinds.append(reply.kind) }
}

@Test func `ids are unique while in use, and slots are used again under other ids`() {
  var pending = PendingReplies()
  let first = (0..<10).map { _ in pending.add() }
  #expect(Set(first).count == 10 && pending.count == 10)
  for id in first { _ = pending.abandon(id) }
  #expect(pending.count == 0)
  let second = (0..<10).map { _ in pending.add() }
  #expect(Set(first).isDisjoint(with: second))
  #expect(Set(first.map { $0 & 0xffff_ffff }) == Set(second.map { $0 & 0xffff_ffff }))
}

@Test func `an answer that comes first is kept until it is taken, once`() {
  var pending = PendingReplies()
  let id = pending.add()
  #expect(pending.isOpen(id) && pending.take(id) == nil)
  #expect(pending.complete(id, with: Reply(.value)) == nil)
  #expect(!pending.isOpen(id) && pending.count == 1)
  #expect(pending.take(id)?.kind == .value)
  #expect(pending.take(id) == nil && pending.count == 0)
}

@Test func `who waits first is told, once`() {
  var pending = PendingReplies()
  let id = pending.add()
  let observer = Observer()
  #expect(pending.wait(for: id, .observer(observer)) == nil)
  #expect(pending.isOpen(id))
  pending.complete(id, with: Reply(.failure))?.receive(Reply(.failure))
  #expect(pending.complete(id, with: Reply(.value)) == nil)
  #expect(observer.kinds.elements == [.failure] && pending.count == 0)
}

@Test func `waiting for an answer that is there returns it at once`() {
  var pending = PendingReplies()
  let id = pending.add()
  _ = pending.complete(id, with: Reply(.kept))
  #expect(pending.wait(for: id, .observer(Observer()))?.kind == .kept)
  #expect(pending.count == 0)
}

@Test func `a late answer does not reach the call that has the slot now`() {
  var pending = PendingReplies()
  let old = pending.add()
  _ = pending.abandon(old)
  let new = pending.add()
  #expect(pending.complete(old, with: Reply(.value)) == nil)
  #expect(pending.isOpen(new) && !pending.isOpen(old))
  #expect(pending.take(new) == nil && pending.take(old) == nil)
  #expect(pending.wait(for: old, .observer(Observer()))?.kind == .lost)
  #expect(pending.abandon(old) == nil)
  #expect(pending.isOpen(new) && pending.count == 1)
}

@Test func `the first of two answers counts`() {
  var pending = PendingReplies()
  let id = pending.add()
  _ = pending.complete(id, with: Reply(.value))
  _ = pending.complete(id, with: Reply(.failure))
  #expect(pending.take(id)?.kind == .value)
}

@Test func `answers to calls that never were are ignored`() {
  var pending = PendingReplies()
  for id in [0, 5, 1 << 32, .max] as [UInt64] {
    #expect(pending.complete(id, with: Reply(.value)) == nil)
    #expect(!pending.isOpen(id) && pending.take(id) == nil && pending.abandon(id) == nil)
  }
  #expect(pending.count == 0)
}

@Test func `who waited for an abandoned call is returned to be told`() {
  var pending = PendingReplies()
  let id = pending.add()
  let observer = Observer()
  _ = pending.wait(for: id, .observer(observer))
  pending.abandon(id)?.receive(Reply(.cancelled))
  #expect(observer.kinds.elements == [.cancelled] && pending.count == 0)
}

@Test func `completing all tells those who wait, answers the others, and leaves what is answered alone`() {
  var pending = PendingReplies()
  let (sent, answered, free) = (pending.add(), pending.add(), pending.add())
  let observers = (0..<3).map { _ in Observer() }
  let waiting = observers.map { observer in
    let id = pending.add()
    _ = pending.wait(for: id, .observer(observer))
    return id
  }
  _ = pending.complete(answered, with: Reply(.value))
  _ = pending.abandon(free)
  for waiter in pending.completeAll(with: Reply(.lost)) { waiter.receive(Reply(.lost)) }
  #expect(observers.map(\.kinds.elements) == [[.lost], [.lost], [.lost]])
  #expect(pending.take(sent)?.kind == .lost && pending.take(answered)?.kind == .value)
  #expect(waiting.allSatisfy { !pending.isOpen($0) } && pending.count == 0)
  #expect(pending.completeAll(with: Reply(.lost)).isEmpty)
}

@Test func `a waiting task is resumed with the answer`() async {
  actor Table {
    var pending = PendingReplies()
    func add() -> UInt64 { pending.add() }
    func isOpen(_ id: UInt64) -> Bool { pending.isOpen(id) }
    func begin(_ id: UInt64, _ continuation: UnsafeContinuation<Reply, Never>) {
      if let reply = pending.wait(for: id, .caller(continuation)) { continuation.resume(returning: reply) }
    }
    func complete(_ id: UInt64) -> Bool {
      guard let waiter = pending.complete(id, with: Reply(.value)) else { return false }
      waiter.receive(Reply(.value))
      return true
    }
  }
  let table = Table()
  let id = await table.add()
  async let kind = withUnsafeContinuation { continuation in Task { await table.begin(id, continuation) } }.kind
  await eventually("nobody waited") {
    let isTold = await table.complete(id)
    let isOpen = await table.isOpen(id)
    return isTold || !isOpen
  }
  #expect(await kind == .value)
}

@Test func `thousands of calls in random order keep their answers apart`() {
  var generator = SplitMix64(seed: 31)
  var pending = PendingReplies()
  var open: [UInt64: Bool] = [:]
  for _ in 0..<20_000 {
    if Bool.random(using: &generator) || open.isEmpty {
      let id = pending.add()
      #expect(open.updateValue(false, forKey: id) == nil)
    } else {
      let id = open.keys.randomElement(using: &generator)!
      if open[id]! {
        #expect(pending.take(id) != nil)
        open[id] = nil
      } else {
        _ = pending.complete(id, with: Reply(.value))
        open[id] = true
      }
    }
    #expect(pending.count == open.count)
  }
}
