import Muster

struct Square: RemoteFunction {
  func callAsFunction(_ x: Int) -> Int { x * x }
}

@main struct Squares: ClusterProgram {
  func run() async throws {
    try await addprocs()  // a worker for every core this process may use
    let squares = try await pmap(Square(), 1...10)
    print("\(squares) from \(nworkers()) workers")
    let future = try await remotecall(Square(), on: workers()[0], 12)
    print("12² = \(try await future.fetch()), computed by process \(future.owner)")
  }
}
