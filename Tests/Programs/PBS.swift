import Muster

/// Workers on the hosts of the job of PBS that this runs in, or in a job of their own.
///
/// - Parameter arguments: how many in a job of their own.
@Sendable func pbs(_ arguments: [String]) async throws {
  let count = arguments.first.flatMap { Int($0) }
  try await announce(try await addprocs(count.map { PBSManager(np: $0) } ?? PBSManager()))
  try await waitForEver()
}
