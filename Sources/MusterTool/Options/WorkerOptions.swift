import ArgumentParser
import Muster

/// Where workers are to be, for commands that look at it.
struct WorkerOptions: ParsableArguments {
  @OptionGroup var place: PlaceOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("On these hosts, over ssh: n1, me@n2:2222, 4*n3, 'auto*n4'.", valueName: "machines"))
  var ssh: [String] = []

  @Option(help: ArgumentHelp("Until a worker has joined.", valueName: "seconds"))
  var timeout: Double?

  func validate() throws {
    try place.validate(ssh: ssh)
    if let timeout { try requireSeconds(timeout, "--timeout", from: 0.001) }
  }

  var choice: WorkerChoice { place.choice(ssh: ssh) }

  func apply(to options: inout AddprocsOptions) {
    if let interface = place.interface { options.interface = interface }
    if let timeout { options.timeout = .seconds(timeout) }
  }

  /// - Parameter options: ssh's connections wait as long as these say.
  func manager(_ options: AddprocsOptions) throws -> any ClusterManager {
    try choice.manager(place.sshOptions(options))
  }
}

/// - Throws: `ValidationError` for what is no time that somebody would wait.
func requireSeconds(_ value: Double, _ option: String, from least: Double) throws {
  guard (least...1e6).contains(value) else {
    throw ValidationError("\(option) takes a number of seconds of at least \(least), and at most 1000000")
  }
}
