import Glibc
import Muster
import Synchronization

/// The course of one command: on a worker, and back.
extension MapRun {
  func perform(_ job: MapJob, on pid: ProcessID) async {
    do {
      let order = CommandOrder(sequence: job.sequence, text: job.text)
      let outcome = try await remotecallFetch(RunCommand(), on: pid, order)
      let output = try await fetch(outcome.output, from: pid)
      do {
        let errors = try await fetch(outcome.errors, from: pid)
        try ended(job, on: pid, outcome, output, errors)
      } catch {
        discard(output)
        throw error
      }
    } catch let error as ProcessExitedError {
      lost(job, with: pid, error.reason)
    } catch let error as ClusterError where error.code == .noSuchProcess || error.code == .notConnected {
      lost(job, with: pid, error.message)
    } catch let error as MapError {
      stop(.failed(error), kills: true, also: pid)
    } catch let error as RemoteError {
      stop(
        .failed(MapError("command \(job.sequence) on \(host(pid)): \(error.message)")), kills: true, also: pid)
    } catch {
      stop(.failed(MapError("command \(job.sequence) on \(host(pid)): \(error)")), kills: true, also: pid)
    }
  }

  /// Brings the output of a command here, before any of it is shown: its worker may be lost meanwhile, and then the command
  /// runs once more.
  private func fetch(_ output: CapturedOutput, from pid: ProcessID) async throws -> HeldOutput {
    guard output.kept != 0 else { return .memory(output.bytes) }
    var extent = SpillFile.Extent()
    do {
      for block in 0..<output.blocks {
        let bytes = try await remotecallFetch(ReadOutput(kept: output.kept), on: pid, block)
        try printer.spill.append(bytes, to: &extent)
      }
    } catch {
      printer.spill.release(extent)
      throw error
    }
    guard extent.size == output.size else {
      printer.spill.release(extent)
      throw MapError("of \(output.size) bytes of output \(extent.size) have come")
    }
    // All is here: a worker that is lost now has lost nothing.
    try? await remoteDo(ReleaseOutput(kept: output.kept), on: pid)
    return .file(extent)
  }

  private func discard(_ output: HeldOutput) {
    if case .file(let extent) = output { printer.spill.release(extent) }
  }

  private func ended(
    _ job: MapJob, on pid: ProcessID, _ outcome: CommandOutcome, _ output: HeldOutput, _ errors: HeldOutput
  ) throws {
    switch outcome.fate {
    case .notStarted:
      change { state in
        state.active -= 1
        state.schedule.ended(on: pid, after: nil)
        state.schedule.addAgain(job)
      }
      return
    case .stopped:
      discard(output)
      discard(errors)
      change { $0.active -= 1 }
      return
    case .ended, .timedOut: break
    }
    recordWork(
      job.text.inSlot(outcome.slot).text, item: job.sequence, on: pid, took: .seconds(outcome.runtime),
      failed: !outcome.succeeded)
    let isOver = state.withLock { $0.stop != nil }
    if !outcome.succeeded, job.failures + 1 < rules.attempts, !isOver {
      discard(output)
      discard(errors)
      progress?.update { $0.retried += 1 }
      var again = job
      again.failures += 1
      again.failedOn.insert(pid)
      change { [again] state in
        state.active -= 1
        state.schedule.ended(on: pid, after: outcome.runtime)
        state.schedule.addAgain(again)
      }
      return
    }
    if outcome.fate == .timedOut {
      say("command \(job.sequence) was ended for its time: \(job.text.inSlot(outcome.slot).text)")
    }
    if let failure = printer.failure { throw failure }
    try printer.add(
      FinishedCommand(
        sequence: job.sequence, arguments: job.arguments, output: output, errors: errors,
        log: JoblogLine(job, outcome, host: host(pid))))
    count(outcome, on: pid)
  }

  private func count(_ outcome: CommandOutcome, on pid: ProcessID) {
    var kills: Bool?
    change { state in
      state.active -= 1
      state.schedule.ended(on: pid, after: outcome.runtime)
      kills = count(outcome.succeeded, status: outcome.shellStatus, in: &state)
    }
    if let kills { tellWorkers(kills: kills) }
  }

  /// Counts a command that has come to its end, and stops the map if that is one command too many.
  ///
  /// - Returns: whether workers are to kill what runs; `nil`: they may go on.
  private func count(_ succeeded: Bool, status: Int32, in state: inout State) -> Bool? {
    state.tally.count(succeeded)
    progress?.update { [tally = state.tally] in $0.tally = tally }
    guard state.stop == nil, let halt = rules.halt, halt.isMet(by: state.tally, total: state.total) else { return nil }
    state.stop = .halted(exitStatus: halt.exitStatus(state.tally, last: status, total: state.total))
    return halt.when == .now
  }

  // MARK: What goes wrong

  private func lost(_ job: MapJob, with pid: ProcessID, _ reason: String) {
    var again = job
    again.losses += 1
    again.failedOn.insert(pid)
    let isGivenUp = again.losses >= Self.mostLosses
    say(
      "worker \(pid) on \(host(pid)) was lost (\(reason)) with command \(job.sequence), which "
        + (isGivenUp ? "is given up: it was lost \(again.losses) times" : "runs again elsewhere")
        + ": \(job.text.inSlot(0).text)")
    progress?.update { $0.lost += 1 }
    let line = JoblogLine(lost: job, host: host(pid))
    do throws(MapError) {
      try joblog?.append(line.bytes)
    } catch {
      return stop(.failed(error), kills: true, also: pid)
    }
    if isGivenUp { printer.skip(job.sequence) }
    var kills: Bool?
    change { [again] state in
      state.active -= 1
      _ = state.schedule.lost(pid)
      if isGivenUp {
        kills = count(false, status: CommandOutcome.unknownStatus, in: &state)
      } else {
        state.schedule.addAgain(again)
      }
    }
    if let kills { tellWorkers(kills: kills) }
  }

  /// - Parameter pid: where the command ran that is the reason.
  private func stop(_ reason: Stop, kills: Bool, also pid: ProcessID) {
    change { state in
      state.active -= 1
      state.schedule.ended(on: pid, after: nil)
      if state.stop == nil { state.stop = reason }
    }
    tellWorkers(kills: kills)
  }

  private func tellWorkers(kills: Bool) {
    for pid in hosts.keys {
      Task.onCluster { try? await remoteDo(StopCommands(kills: kills), on: pid) }
    }
  }

  private func host(_ pid: ProcessID) -> String { hosts[pid] ?? "?" }

  private func say(_ message: String) {
    let line = "muster map: \(message)\n".bytes
    if let progress {
      try? progress.write(line, to: STDERR_FILENO, called: "standard error")
    } else {
      try? writeWhole(line, to: STDERR_FILENO, called: "standard error")
    }
  }
}

extension JoblogLine {
  fileprivate init(_ job: MapJob, _ outcome: CommandOutcome, host: String) {
    let isTimedOut = outcome.fate == .timedOut
    self.init(
      sequence: job.sequence, host: host, start: outcome.start, runtime: outcome.runtime,
      received: outcome.output.size, exitValue: isTimedOut ? -1 : outcome.exitCode, signal: outcome.signal,
      command: job.text.inSlot(outcome.slot))
  }

  /// Of a command that was lost with its worker.
  fileprivate init(lost job: MapJob, host: String) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    self.init(
      sequence: job.sequence, host: host, start: Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9, runtime: 0,
      received: 0, exitValue: -1, signal: -1, command: job.text.inSlot(0))
  }
}
