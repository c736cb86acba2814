import Testing

@testable import Muster

/// What process `process` asks for as its `number`-th.
private func receipt(_ number: UInt64, of process: ProcessID = 1) -> Receipt {
  Receipt(process: process, number: number)
}

private func grant(_ number: UInt64, _ pid: ProcessID, of process: ProcessID = 1) -> PoolQueue.Grant {
  PoolQueue.Grant(receipt: receipt(number, of: process), pid: pid)
}

@Test func `workers are taken in order and come back at the end`() {
  var queue = PoolQueue([4, 2, 3])
  #expect(queue.members == [2, 3, 4] && queue.isReady)
  #expect(queue.request(receipt(1), takes: true) == .worker(4))
  #expect(queue.request(receipt(2), takes: true) == .worker(2))
  #expect(queue.put(2) == [] && queue.put(4) == [])
  #expect(Array(queue.free) == [3, 2, 4])
}

@Test func `a worker that nobody has taken is none the freer for being put back`() {
  var queue = PoolQueue([2])
  #expect(queue.put(2) == [] && queue.put(7) == [])
  #expect(Array(queue.free) == [2])
  _ = queue.request(receipt(1), takes: true)
  #expect(queue.put(2) == [] && queue.put(2) == [])
  #expect(Array(queue.free) == [2])
}

@Test func `a worker that was removed does not come back by being put`() {
  var queue = PoolQueue([2, 3])
  _ = queue.request(receipt(1), takes: true)
  #expect(queue.remove(2) == [])
  #expect(queue.put(2) == [])
  #expect(queue.members == [3])
  #expect(queue.remove(3) == [] && !queue.isReady)
  #expect(queue.request(receipt(2), takes: true) == .noWorkers)
}

@Test func `a new worker goes to who waits, and one that is there already is not doubled`() {
  var queue = PoolQueue([2])
  _ = queue.request(receipt(1), takes: true)
  #expect(queue.request(receipt(2), takes: true) == .mustWait)
  #expect(queue.push(2) == [] && queue.waiterCount == 1)
  #expect(queue.push(3) == [grant(2, 3)])
  #expect(queue.waiterCount == 0 && queue.free.isEmpty)
}

@Test func `those who only want to know are told, and the worker goes to the first that takes it`() {
  var queue = PoolQueue([2])
  #expect(queue.request(receipt(1), takes: false) == .worker(2))
  #expect(queue.request(receipt(2), takes: true) == .worker(2))
  for (number, takes) in [(3, false), (4, false), (5, true), (6, false)] {
    #expect(queue.request(receipt(UInt64(number)), takes: takes) == .mustWait)
  }
  #expect(queue.put(2) == [grant(3, 2), grant(4, 2), grant(5, 2)])
  #expect(!queue.isReady && queue.waiterCount == 1)
  #expect(queue.put(2) == [grant(6, 2)])
  #expect(queue.isReady)
}

@Test func `who cancels waits no more, and a worker that was granted to it goes to the next`() {
  var queue = PoolQueue([2])
  #expect(queue.request(receipt(1, of: 5), takes: true) == .worker(2))
  #expect(queue.request(receipt(1, of: 6), takes: true) == .mustWait)
  #expect(queue.request(receipt(2, of: 6), takes: true) == .mustWait)
  #expect(queue.cancel(receipt(1, of: 6)) == [] && queue.waiterCount == 1)
  // The grant was on its way when process 5 gave up.
  #expect(queue.cancel(receipt(1, of: 5)) == [grant(2, 2, of: 6)])
  // A cancellation that comes late cancels nothing of what came after.
  #expect(queue.cancel(receipt(1, of: 5)) == [])
  #expect(queue.put(2) == [] && queue.isReady)
}

@Test func `what a process had that has gone is free, and it gets nothing any more`() {
  var queue = PoolQueue([2, 3, 4])
  for number in 1...2 { _ = queue.request(receipt(UInt64(number), of: 5), takes: true) }
  _ = queue.request(receipt(1), takes: true)
  #expect(queue.request(receipt(3, of: 5), takes: true) == .mustWait)
  #expect(queue.request(receipt(2), takes: true) == .mustWait)
  let (grants, refused) = queue.lose(5)
  #expect(grants == [grant(2, 2)] && refused == [receipt(3, of: 5)])
  #expect(Array(queue.free) == [3])
  #expect(queue.request(receipt(4, of: 5), takes: true) == .gone)
  #expect(Array(queue.free) == [3])
}

@Test func `the default pool stands for process 1 while it has no workers`() {
  var queue = PoolQueue(fallback: 1)
  #expect(queue.isReady && queue.members.isEmpty)
  for number in 1...2 { #expect(queue.request(receipt(UInt64(number)), takes: true) == .worker(1)) }
  #expect(queue.put(1) == [])
  #expect(queue.push(2) == [])
  #expect(queue.takeIfFree(receipt(3)) == 2 && queue.takeIfFree(receipt(4)) == nil)
  #expect(!queue.isReady)
  // Who waits when the last worker goes hears of it: what ended the workers must not come to process 1 by itself.
  #expect(queue.request(receipt(5), takes: true) == .mustWait)
  #expect(queue.remove(2) == [receipt(5)])
  #expect(queue.takeIfFree(receipt(6)) == 1)
}

@Test func `whatever is done in whatever order, every worker is free, taken once or removed`() {
  var generator = SystemRandomNumberGenerator()
  for _ in 0..<200 {
    var queue = PoolQueue([2, 3, 4])
    var held: [ProcessID: Receipt] = [:]
    var waiting: Set<Receipt> = []
    func receive(_ grants: [PoolQueue.Grant]) {
      for grant in grants {
        #expect(waiting.remove(grant.receipt) != nil && held[grant.pid] == nil)
        held[grant.pid] = grant.receipt
      }
    }
    for number in 0..<60 {
      let process = ProcessID(Int.random(in: 10...12, using: &generator))
      switch Int.random(in: 0..<5, using: &generator) {
      case 0, 1:
        let receipt = receipt(UInt64(number), of: process)
        switch queue.request(receipt, takes: true) {
        case .worker(let pid):
          #expect(held[pid] == nil)
          held[pid] = receipt
        case .mustWait: waiting.insert(receipt)
        default: break
        }
      case 2:
        guard let pid = held.keys.randomElement(using: &generator) else { continue }
        held[pid] = nil
        receive(queue.put(pid))
      case 3:
        guard let receipt = waiting.randomElement(using: &generator) else { continue }
        waiting.remove(receipt)
        receive(queue.cancel(receipt))
      default:
        guard number == 30 else { continue }
        held = held.filter { $0.value.process != process }
        waiting = waiting.filter { $0.process != process }
        receive(queue.lose(process).grants)
      }
      #expect(queue.free.count + held.count == 3 && Set(queue.free).isDisjoint(with: held.keys))
      #expect(queue.waiterCount == waiting.count && (waiting.isEmpty || queue.free.isEmpty))
    }
  }
}
