import ArgumentParser
import Muster

/// How workers are put on machines, as `AddprocsOptions` has it.
struct PlacementOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where workers are put: slot, core, package, numa, l3cache, scatter, compact, ppr:2:numa, cpus:0,2, …, with :span, :strict or :mem=interleave behind it.",
      valueName: "policy"),
    transform: { try PlacementPolicy($0) })
  var placement = PlacementPolicy.core

  @Option(help: ArgumentHelp("What each worker may run on.", valueName: "object"))
  var bindTo = BindTarget.automatic

  @Option(help: ArgumentHelp("Cores for each worker.", valueName: "n"))
  var threadsPerWorker: Int?

  @Option(help: ArgumentHelp("Cores that process 1 keeps for itself on its machine.", valueName: "n"))
  var reservedCores = 0

  func apply(to options: inout AddprocsOptions) {
    options.placement = placement
    options.bindTo = bindTo
    if let threadsPerWorker { options.threadsPerWorker = threadsPerWorker }
    options.reservedCores = reservedCores
  }

  func plan(_ workers: Int, on nodes: [PlacementPlan.Node]) throws -> PlacementPlan {
    try PlacementPlan(
      workers: workers, on: nodes, policy: placement, bindTo: bindTo, threadsPerWorker: threadsPerWorker ?? 1)
  }
}

extension BindTarget: ExpressibleByArgument {}
