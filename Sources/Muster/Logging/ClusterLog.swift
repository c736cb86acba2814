import Logging
import Synchronization

/// The log of one process of a cluster: on standard error, each line with the worker, its node and its rank, if it has one.
///
/// Workers log what process 1 does: it tells them when it welcomes them.
final class ClusterLog: Sendable {
  private struct State: Sendable {
    var settings: LogSettings
    /// 0 for a process that does not know its number yet.
    var worker: ProcessID
  }

  private let state: Mutex<State>
  private let observe: @Sendable (LogComponent, LogEvent) -> Void

  /// - Parameter observe: gets every line from `warning` on that is logged.
  init(
    worker: ProcessID, settings: LogSettings, observe: @escaping @Sendable (LogComponent, LogEvent) -> Void
  ) {
    state = Mutex(State(settings: settings, worker: worker))
    self.observe = observe
  }

  var settings: LogSettings { state.withLock { $0.settings } }

  func become(_ worker: ProcessID) { state.withLock { $0.worker = worker } }

  func adopt(_ settings: LogSettings) { state.withLock { $0.settings = settings } }

  subscript(component: LogComponent) -> Logger {
    Logger(label: component.label) { ClusterLogHandler($0, component, of: self) }
  }

  fileprivate func log(_ event: LogEvent, _ component: LogComponent) {
    if event.level >= .warning { observe(component, event) }
  }

  var metadata: Logger.Metadata {
    let worker = state.withLock { $0.worker }
    var metadata: Logger.Metadata = ["node": "\(Self.node)"]
    if worker.rawValue > 0 { metadata["worker"] = "\(worker)" }
    if let rank = ProcessRank.ofThisProcess { metadata["rank"] = "\(rank)" }
    return metadata
  }

  private static let node = hostName()
}

/// A stream on standard error whose level may change while the program runs.
private struct ClusterLogHandler: LogHandler {
  private let log: ClusterLog
  private let component: LogComponent
  private var stream: StreamLogHandler
  /// A level that was given to one logger counts for that one only.
  private var ownLevel: Logger.Level?

  init(_ label: String, _ component: LogComponent, of log: ClusterLog) {
    self.log = log
    self.component = component
    stream = .standardError(label: label, metadataProvider: Logger.MetadataProvider { log.metadata })
    stream.logLevel = .trace
  }

  func log(event: LogEvent) {
    stream.log(event: event)
    log.log(event, component)
  }

  var logLevel: Logger.Level {
    get { ownLevel ?? log.settings[component] }
    set { ownLevel = newValue }
  }

  var metadata: Logger.Metadata {
    get { stream.metadata }
    set { stream.metadata = newValue }
  }

  var metadataProvider: Logger.MetadataProvider? {
    get { stream.metadataProvider }
    set { stream.metadataProvider = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { stream[metadataKey: key] }
    set { stream[metadataKey: key] = newValue }
  }
}

extension Cluster {
  func logger(_ component: LogComponent) -> Logger { log[component] }
}

/// The logger of another module of this package.
package func clusterLogger(_ component: LogComponent) -> Logger { Cluster.current.logger(component) }
