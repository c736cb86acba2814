import CMuster
import Glibc
import Synchronization

/// The calls that run in a process, for who asks.
struct ReportCalls: RemoteThunk, InternalFunction {
  func callAsFunction() -> [ProgramStatus.Call] { Cluster.current.runningCalls }
}

extension Cluster {
  /// What of the program's runs here for others.
  var runningCalls: [ProgramStatus.Call] {
    dispatcher.running.compactMap { target, caller, since in
      ProgramStatus.Call.displayName(target.name).map {
        ProgramStatus.Call(function: $0, caller: caller, seconds: since.map(Self.seconds) ?? 0)
      }
    }
  }

  /// A worker that has not answered by then is said to be silent.
  private static let patience: Duration = .seconds(1)

  /// Asks all workers at once.
  func status() async -> ProgramStatus {
    let (table, pids) = members.withLock { ($0.table, $0.table.keys.sorted().filter { $0 != 1 }) }
    let joined = await withTaskGroup(of: ProgramStatus.Worker?.self) { group in
      for pid in pids {
        guard let member = table[pid] else { continue }
        group.addTask { [self] in await status(of: pid, member) }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let workers = (joined.compactMap { $0 } + starting).sorted { $0.id < $1.id }
    let start = launching.withLock { $0.status?.start } ?? muster_now()
    return ProgramStatus(
      osPID: getpid(), host: hostName(), command: ProgramArguments.current,
      job: (try? Allocation.current())??.job, seconds: Self.seconds(since: start), calls: runningCalls,
      workers: workers)
  }

  /// `nil` for one that was removed.
  private func status(of pid: ProcessID, _ member: Members.Member) async -> ProgramStatus.Worker? {
    func worker(
      _ state: ProgramStatus.State, _ calls: [ProgramStatus.Call] = [], reason: String? = nil
    ) -> ProgramStatus.Worker {
      ProgramStatus.Worker(
        id: pid, state: state, host: member.info.host, osPID: member.info.osPID > 0 ? member.info.osPID : nil,
        cpus: placements.withLock { $0[pid] }.flatMap { $0.worker.isBound ? $0.actual ?? $0.worker.cpus : nil },
        calls: calls, connection: member.link?.connection.peerDescription, note: note(of: pid), reason: reason)
    }
    switch member.state {
    case .removed: return nil
    case .gone(let reason): return reason == Members.removalReason ? nil : worker(.lost, reason: reason)
    case .leaving: return worker(.leaving)
    case .joined:
      guard let calls = await calls(on: pid) else { return worker(.silent) }
      return worker(calls.isEmpty ? .idle : .busy, calls)
    }
  }

  private func calls(on pid: ProcessID) async -> [ProgramStatus.Call]? {
    let answer = Promise<[ProgramStatus.Call]?>()
    let question = task { [self] in
      answer.fulfil(.success(try? await call(ReportCalls(), on: pid, Nothing())))
    }
    defer { question.cancel() }
    return await answer.value(within: Self.patience, engine) ?? nil
  }

  /// Those that are on their way.
  private var starting: [ProgramStatus.Worker] {
    let launches = launching.withLock { Array($0.launches.values) }
    let records = Dictionary(
      launches.flatMap { $0.snapshot.records }.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
    let known = members.withLock { Set($0.table.keys) }
    return records.values.filter { !known.contains($0.pid) && $0.isUnderWay }.map { record in
      ProgramStatus.Worker(
        id: record.pid, state: .starting, host: record.config?.host ?? "", osPID: record.config?.ospid, cpus: nil,
        calls: [], connection: nil, note: nil, reason: nil)
    }
  }

  private func note(of pid: ProcessID) -> String? {
    let statuses = lifecycle.withLock { $0.statuses[pid] }
    return statuses?.values.lazy.compactMap { (try? $0.decode()) as? String }.first
  }

  private static func seconds(since start: UInt64) -> Double {
    let now = muster_now()
    return now > start ? Double((now - start) / 1_000_000) / 1000 : 0
  }
}
