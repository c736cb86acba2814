/// Decides whether a thread about to wait should first look again and again for a while.
///
/// Waking an idle core costs 50 µs or more, several times a whole call; spinning with nothing to come takes the core
/// from a neighbour who could use it. So spinning is given up quickly where it is in vain and tried again ever more
/// rarely (after 4, 8, … 64 waits); one success restores it. Measured in docs/decisions/0001-engine.md.
struct SpinPolicy: Sendable {
  private var failures = 0
  private var waitsToSkip = 0
  private var nextSkip = 4

  /// Called before each wait.
  mutating func shouldSpin() -> Bool {
    guard waitsToSkip > 0 else { return true }
    waitsToSkip -= 1
    return false
  }

  /// Called after each spin.
  mutating func spun(successfully success: Bool) {
    if success {
      self = SpinPolicy()
      return
    }
    failures += 1
    guard failures >= 2 else { return }
    failures = 1
    waitsToSkip = nextSkip
    nextSkip = min(nextSkip * 2, 64)
  }
}
