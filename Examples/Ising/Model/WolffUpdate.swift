import Glibc

/// Wolff's single-cluster update, which hardly slows down at the critical temperature.
///
/// Grow a cluster from a random site: every bond to an equal neighbour is followed with probability 1 − exp(−2K), where
/// K = J/kT. Then flip the whole cluster. Source: U. Wolff, Phys. Rev. Lett. 62, 361 (1989).
public struct WolffUpdate: ~Copyable {
  private let bondThreshold: UInt64
  private let frontier: UnsafeMutablePointer<Int32>

  /// An update for lattices of `sites` sites at a temperature in units of J/k.
  public init(temperature: Double, sites: Int) {
    bondThreshold = UInt64(-expm1(-2 / temperature) * 0x1p64)
    // One more than can wait: the place where a site that does not join is noted.
    frontier = .allocate(capacity: sites + 1)
  }

  deinit {
    frontier.deallocate()
  }

  /// Flips one cluster and returns the number of its spins.
  @discardableResult
  public func flipCluster(of lattice: inout Lattice, using random: inout Xoshiro256StarStar) -> Int {
    let spins = lattice.spins
    let first = Int(truncatingIfNeeded: random.next()) & (lattice.count &- 1)
    let spin = spins[first]

    // A site is flipped as it joins: it no longer looks like the cluster and cannot join twice.
    spins[first] = -spin
    frontier[0] = Int32(truncatingIfNeeded: first)
    var waiting = 1
    var size = 1
    while waiting > 0 {
      waiting &-= 1
      let neighbours = lattice.neighbours(of: Int(frontier[waiting]))
      for direction in 0..<4 {
        let neighbour = neighbours[direction]
        // Without a branch, which the processor could not predict: a site that does not join is noted, then overwritten.
        let isBond: Int8 = random.next() < bondThreshold ? 1 : 0
        let joins: Int8 = spins[neighbour] == spin ? isBond : 0
        spins[neighbour] &-= 2 &* spin &* joins
        frontier[waiting] = Int32(truncatingIfNeeded: neighbour)
        waiting &+= Int(joins)
        size &+= Int(joins)
      }
    }
    return size
  }
}
