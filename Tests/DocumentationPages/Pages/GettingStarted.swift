import Muster

enum GettingStarted: Page {
  static func run() async throws {
    try await addprocs(2)
    do {
      try await seeAnError()
    } catch let error as RemoteError {
      try expect(error.message == "cannot divide by 0", "\(error)")
      return
    }
    throw Unexpected(description: "nothing was thrown")
  }

  struct DivisionByZero: Error, CustomStringConvertible {
    var description: String { "cannot divide by 0" }
  }

  struct Divide: RemoteFunction {
    let dividend: Int

    func callAsFunction(_ divisor: Int) throws -> Int {
      guard divisor != 0 else { throw DivisionByZero() }
      return dividend / divisor
    }
  }

  static func seeAnError() async throws {
    let quotients = try await pmap(Divide(dividend: 60), [1, 2, 3, 0])
    print(quotients)
  }
}
