import Muster

/// Asks for workers of a job of PBS, and waits.
@Sendable func pbs(_ arguments: [String]) async throws {
  var options = AddprocsOptions()
  options.timeout = .seconds(600)
  try await announce(addprocs(PBSManager(np: number(arguments, 0, default: 2)), options: options))
  try await waitForEver()
}
