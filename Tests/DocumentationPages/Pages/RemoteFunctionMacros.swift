import MusterMacros

@Remote func square(_ x: Int) -> Int { x * x }
@Remote func add(_ x: Double, by y: Double) -> Double { x + y }

enum RemoteFunctionMacros: Page {
  static func run() async throws {
    try await addprocs(2)
    let squares = try await pmap($square, 1...100)
    let sum = try await fetchfrom(2, $add(5, by: 2.5))
    try expect(squares == (1...100).map { $0 * $0 } && sum == 7.5, "\(squares), \(sum)")
    let table = [1, 2.5]
    let doubled = try await pmap(
      #remote { [table = table as [Double]] (i: Int) -> Double in 2 * table[i] }, 0..<table.count)
    try expect(doubled == [2, 5], "\(doubled)")
  }
}
