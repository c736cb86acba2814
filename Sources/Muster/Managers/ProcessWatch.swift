import CMuster
import Glibc
import Synchronization

/// Hears of the end of a process of this node that is not a child of this one (pidfd_open(2)).
package final class ProcessWatch: IOSource {
  private let descriptor: Int32
  private let engine: Engine
  private let pid: Int32
  private let ended: @Sendable (_ reason: String) -> Void
  private let isOver = Atomic<Bool>(false)

  /// - Parameter ended: gets the signal or status it ended with, where that can still be found out. Called on a thread
  ///   of the Engine, which it must not keep.
  /// - Returns: `nil` if there is no such process, or the kernel cannot watch it (before Linux 5.3).
  package init?(_ pid: Int32, ended: @escaping @Sendable (_ reason: String) -> Void) {
    descriptor = muster_pidfd_open(pid)
    guard descriptor >= 0 else { return nil }
    self.pid = pid
    self.ended = ended
    engine = Cluster.current.engine
    do { try engine.poller.add(self, descriptor: descriptor) } catch { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Sends it a signal: to this very process, though its number may be another's by now.
  func signal(_ number: Int32) { _ = muster_pidfd_signal(descriptor, number) }

  /// Looks no more.
  package func cancel() {
    if !isOver.exchange(true, ordering: .relaxed) { engine.poller.remove(descriptor: descriptor) }
  }

  func readable() -> Bool {
    // An event may have been that of a descriptor whose place in the table of the poller this one has taken.
    guard hasEnded else { return false }
    guard !isOver.exchange(true, ordering: .relaxed) else { return false }
    engine.poller.remove(descriptor: descriptor)
    ended(exitStatus.map { "\($0)" } ?? "its process has gone")
    return true
  }

  private var hasEnded: Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) > 0
  }

  /// Of a process whose parent has not asked yet: the last field of /proc/PID/stat (proc(5)).
  private var exitStatus: ExitStatus? {
    guard let text = readSmallFile("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split { $0 == " " || $0 == "\n" }
    guard fields.first == "Z", let status = fields.last.flatMap({ Int32($0) }) else { return nil }
    return ExitStatus(rawValue: status)
  }
}
