import Testing

@testable import Muster

private func book() -> LaunchBook { LaunchBook(pids: [2, 3, 4], tickets: [12, 13, 14]) }

@Test func `a worker goes from queued to joined`() {
  var book = book()
  #expect(book.records.map(\.state) == [.queued, .queued, .queued] && !book.isSettled)
  for state in [.started, .dialled, .joined] as [LaunchBook.State] {
    book.setState(state, ofTicket: 13)
    #expect(book.record(ofTicket: 13)?.state == state)
  }
  #expect(book.joined.map(\.pid) == [3] && book.failures.isEmpty && !book.isSettled)
  #expect(book.record(ofTicket: 12)?.state == .queued && book.record(ofTicket: 99) == nil)
}

@Test func `what is settled stays as it is`() {
  var book = book()
  book.setState(.joined, ofTicket: 12)
  book.setState(.failed(reason: "exited", output: []), ofTicket: 12)
  book.setState(.failed(reason: "first", output: []), ofTicket: 13)
  book.setState(.failed(reason: "second", output: []), ofTicket: 13)
  book.setState(.joined, ofTicket: 13)
  book.setState(.started, ofTicket: 99)
  #expect(book.joined.map(\.pid) == [2])
  #expect(book.failures.map(\.reason) == ["first"])
}

@Test func `the config of a worker is kept, also when it comes late`() {
  var book = book()
  var config = WorkerConfig()
  config.ospid = 77
  book.setState(.joined, ofTicket: 12)
  book.setState(.started, ofTicket: 12, config: config)
  book.setState(.joined, ofTicket: 12)
  #expect(book.record(ofTicket: 12)?.config?.ospid == 77 && book.record(ofTicket: 12)?.state == .joined)
}

@Test func `at the end of the time each that has not joined failed, and says how far it came`() {
  var book = LaunchBook(pids: [2, 3, 4, 5, 6], tickets: [1, 2, 3, 4, 5])
  book.setState(.started, ofTicket: 2)
  book.setState(.dialled, ofTicket: 3)
  book.setState(.joined, ofTicket: 4)
  book.setState(.failed(reason: "no such host", output: ["a", "b"]), ofTicket: 5)
  book.expire(after: .seconds(60))
  #expect(book.isSettled)
  #expect(book.failures.map(\.pid) == [2, 3, 4, 6])
  let reasons = book.failures.map(\.reason)
  #expect(reasons[0].contains("not started within 60") && reasons[1].contains("did not dial back within 60"))
  #expect(reasons[2].contains("did not finish joining within 60") && reasons[3] == "no such host")
  let text = book.describeFailures()
  #expect(text.hasPrefix("1 of 5 workers joined; 4 did not:\n"))
  #expect(text.contains("\n  worker 6: no such host\n    | a\n    | b"))
}

@Test func `a launch of nothing is settled`() {
  #expect(LaunchBook(pids: [], tickets: []).isSettled)
}
