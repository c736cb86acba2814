import Glibc
import Muster
import Synchronization

extension GlobalKey where Value == CommandSlots {
  /// What runs the commands in a worker.
  static let commandSlots = GlobalKey("muster map")
}

/// Makes a worker ready to run commands; returns the name of its host.
struct PrepareCommands: RemoteThunk {
  let settings: CommandSlots.Settings

  func callAsFunction() throws -> String {
    setGlobal(.commandSlots, try CommandSlots(settings))
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

struct RunCommand: RemoteFunction {
  func callAsFunction(_ order: CommandOrder) async throws -> CommandOutcome {
    guard let slots = global(.commandSlots) else { return CommandOutcome(fate: .notStarted) }
    return try await slots.run(order)
  }
}

/// Starts nothing more.
struct StopCommands: RemoteAction {
  let kills: Bool

  func callAsFunction() { global(.commandSlots)?.stop(kills: kills) }
}

/// All commands have ended.
struct DismissGuard: RemoteAction {
  func callAsFunction() { global(.commandSlots)?.dismiss() }
}

/// A block of output that the worker keeps.
struct ReadOutput: RemoteFunction {
  let kept: Int

  func callAsFunction(_ block: Int) throws -> Bytes {
    guard let slots = global(.commandSlots), let extent = slots.kept.withLock({ $0[kept] }) else {
      throw MapError("the output of a command is not here any more")
    }
    return try slots.spill.read(extent, block: block)
  }
}

struct ReleaseOutput: RemoteAction {
  let kept: Int

  func callAsFunction() {
    guard let slots = global(.commandSlots), let extent = slots.kept.withLock({ $0.removeValue(forKey: kept) }) else {
      return
    }
    slots.spill.release(extent)
  }
}
