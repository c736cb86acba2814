import Testing

@testable import Muster

@Test func `two connections that ask for one function at once are given the same target`() async {
  let registry = FunctionRegistry()
  for number in 0..<5_000 {
    let targets = await withTaskGroup { group in
      for _ in 0..<4 { group.addTask { registry.target(named: "no function \(number)") } }
      return await group.reduce(into: Set<ObjectIdentifier>()) { $0.insert(ObjectIdentifier($1)) }
    }
    #expect(targets.count == 1)
  }
}
