/// Ising spins on a square lattice with periodic boundaries, all up at first.
///
/// The side is a power of two, so that the neighbours of a site are found with bit masks. A spin is a byte: a lattice
/// of 128 × 128 sites fits the first-level cache.
public struct Lattice: ~Copyable {
  public let side: Int
  let spins: UnsafeMutablePointer<Int8>

  public init(side: Int) {
    precondition(side >= 4 && side.nonzeroBitCount == 1, "the side of the lattice must be a power of two, at least 4")
    self.side = side
    spins = .allocate(capacity: side * side)
    spins.initialize(repeating: 1, count: side * side)
  }

  deinit {
    spins.deallocate()
  }

  /// The number of sites.
  public var count: Int { side &* side }

  /// The four nearest neighbours of a site; site = row · side + column.
  @inline(__always)
  func neighbours(of site: Int) -> InlineArray<4, Int> {
    let row = site & ~(side &- 1)
    return [
      row | ((site &+ 1) & (side &- 1)),
      row | ((site &- 1) & (side &- 1)),
      (site &+ side) & (count &- 1),
      (site &- side) & (count &- 1),
    ]
  }
}

extension Lattice {
  /// The energy per spin in units of J: −Σ s s′ over the 2 count bonds, divided by count.
  public var energyPerSpin: Double {
    var sum = 0
    for row in 0..<side {
      let here = spins + row &* side
      let below = spins + ((row &+ 1) & (side &- 1)) &* side
      sum &-= Self.dot(here, below, count: side)
      sum &-= Self.dot(here, here + 1, count: side &- 1)
      sum &-= Int(here[side &- 1]) &* Int(here[0])
    }
    return Double(sum) / Double(count)
  }

  /// The mean product of two spins half the lattice apart in both directions: an estimate of m².
  ///
  /// Long-range order is what defines the spontaneous magnetisation, m² = lim ⟨s(0) s(r)⟩ for r → ∞ (E. W. Montroll,
  /// R. B. Potts and J. C. Ward, J. Math. Phys. 4, 308 (1963)). Away from the critical temperature the limit is reached
  /// exponentially fast, below it and above it. The more usual ⟨|m|⟩ vanishes above it only as 1/side and could not be
  /// compared with the infinite lattice there.
  public var correlationAcross: Double {
    let half = side / 2
    var sum = 0
    for row in 0..<half {
      let here = spins + row &* side
      let opposite = spins + (row &+ half) &* side
      sum &+= Self.dot(here, opposite + half, count: half)
      sum &+= Self.dot(here + half, opposite, count: half)
    }
    return Double(sum) / Double(count / 2)
  }

  private static func dot(_ a: UnsafePointer<Int8>, _ b: UnsafePointer<Int8>, count: Int) -> Int {
    var sum: Int32 = 0
    for index in 0..<count {
      sum &+= Int32(a[index] &* b[index])
    }
    return Int(sum)
  }
}
