import Foundation
import Testing

@testable import Search

@Suite struct SearchTests {
  @Test(arguments: [1, 3])
  func `it stops when a point is good enough`(workers: Int) async throws {
    let example = try await Example.run("Search", ["--procs", "\(workers)", "--points", "11", "--tolerance", "0.2"])
    #expect(example.code == 0, "\(example)")
    let counts = try example.match(/tried (\d+) of 1331 points on (\d+) workers/)
    #expect(try #require(Int(counts.1)) < 1331, "\(example)")
    #expect(Int(counts.2) == workers)
    // What was found is what was tried last, and better than all before.
    let misfits = example.output.matches(of: /after \d+: misfit (\d+\.\d+) with (.*)/)
    let values = misfits.map { Double($0.output.1) ?? .infinity }
    #expect(values == values.sorted(by: >))
    #expect(values.last ?? .infinity <= 0.2 && values.dropLast().allSatisfy { $0 >= 0.2 }, "\(example)")
    #expect(example.output.hasSuffix("found: \(misfits.last?.output.2 ?? "?")\n"), "\(example)")
  }

  @Test func `if none is, it has tried all, and knows the best`() async throws {
    let example = try await Example.run("Search", ["--procs", "2", "--points", "5", "--tolerance", "0"])
    #expect(example.code == 1, "\(example)")
    #expect(example.errors.contains("no point of the grid has a misfit below 0.0: try more --points"), "\(example)")
    #expect(example.output.contains("tried 125 of 125 points on 2 workers"), "\(example)")

    var random = SplitMix64(state: 1)
    let misfit = Misfit(measured: .made(of: .hidden, noise: 0.02, using: &random))
    let grid = Oscillator.grid(5)
    #expect(grid.count == 125)
    let best = try #require(grid.min { misfit($0) < misfit($1) })
    let last = try #require(example.output.matches(of: /after \d+: misfit (\d+\.\d+) with (.*)/).last)
    #expect(last.output.2 == "\(best)", "\(example)")
    #expect(last.output.1 == misfit(best).text(4), "\(example)")
  }

  @Test func `the integration is exact where the solution is known`() {
    // Without the cubic term: exp(−ct/2) (cos ωt + c/2ω sin ωt), ω² = k − c²/4.
    let oscillator = Oscillator(stiffness: 4, hardening: 0, damping: 0.2)
    let omega = (4 - 0.01).squareRoot()
    for (number, x) in oscillator.displacements(at: 0.1, count: 100).enumerated() {
      let time = 0.1 * Double(number + 1)
      let exact = exp(-0.1 * time) * (cos(omega * time) + 0.1 / omega * sin(omega * time))
      #expect(abs(x - exact) < 1e-7, "at \(time)")
    }
  }
}
