// swift-tools-version: 6.2
import CompilerPluginSupport
import PackageDescription

/// Every Swift target is compiled the same way: strict concurrency (Swift 6 mode) and no warnings.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // An async function runs where its caller does: switching executors at every call and return costs 40 ns each.
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "muster",
  products: [
    .library(name: "Muster", targets: ["Muster"]),
    .library(name: "MusterMPI", targets: ["MusterMPI"]),
    .library(name: "MusterMacros", targets: ["MusterMacros"]),
    .executable(name: "muster", targets: ["MusterTool"]),
    .executable(name: "muster-bench", targets: ["MusterBench"]),
    .executable(name: "ising", targets: ["Ising"]),
    .executable(name: "whereabouts", targets: ["Whereabouts"]),
  ],
  traits: [
    // Without it MusterMPI is empty, so that a machine without MPI builds the rest: swift build --traits MPI
    .trait(name: "MPI", description: "Builds MusterMPI, with the MPI that MUSTER_MPI names (ompi-c, mpich)")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/swiftlang/swift-syntax", from: "603.0.1"),
  ],
  targets: [
    .target(name: "CMuster"),
    .systemLibrary(name: "CHwloc", pkgConfig: "hwloc", providers: [.apt(["libhwloc-dev"])]),
    .target(
      name: "Muster",
      dependencies: [
        "CHwloc",
        "CMuster",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    // Which MPI: the name of its pkg-config file.
    .systemLibrary(
      name: "CMPI", pkgConfig: Context.environment["MUSTER_MPI"] ?? "ompi-c",
      providers: [.apt(["libopenmpi-dev", "openmpi-bin"])]),
    .target(
      name: "MusterMPI",
      dependencies: [
        "CMuster", "Muster", .target(name: "CMPI", condition: .when(traits: ["MPI"])),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: strict),
    // The only target that sees swift-syntax. No test target names it: SwiftPM would build everything that is tested a
    // second time, for the machine that builds.
    .macro(
      name: "MusterMacrosPlugin",
      dependencies: [
        "SwiftCompilerPlugin", "SwiftDiagnostics", "SwiftParser", "SwiftSyntax", "SwiftSyntaxBuilder",
        "SwiftSyntaxMacros",
      ].map { .product(name: $0, package: "swift-syntax") },
      swiftSettings: strict),
    .target(name: "MusterMacros", dependencies: ["CMuster", "Muster", "MusterMacrosPlugin"], swiftSettings: strict),
    .executableTarget(
      name: "MusterTool",
      dependencies: [
        "Muster", "MusterMPI", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "MusterBench",
      dependencies: [
        "Muster",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: strict),

    // Examples: programs as a user would write them.
    .executableTarget(
      name: "Squares", dependencies: ["Muster"], path: "Examples/Squares", exclude: ["README.md"], swiftSettings: strict
    ),
    .executableTarget(
      name: "Whereabouts", dependencies: ["Muster"], path: "Examples/Whereabouts", exclude: ["README.md"],
      swiftSettings: strict),
    .executableTarget(
      name: "BatchJob", dependencies: ["Muster"], path: "Examples/BatchJob", exclude: ["README.md"],
      swiftSettings: strict),
    .target(name: "IsingModel", path: "Examples/Ising/Model", swiftSettings: strict),
    .executableTarget(
      name: "Ising", dependencies: ["Muster", "MusterMPI", "IsingModel"], path: "Examples/Ising/Program",
      swiftSettings: strict),
    .executableTarget(
      name: "Pipeline", dependencies: ["Muster", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/Pipeline", exclude: ["README.md"], swiftSettings: strict),
    .executableTarget(
      name: "KmerCount", dependencies: ["Muster", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/KmerCount", exclude: ["README.md"], swiftSettings: strict),
    .executableTarget(
      name: "Search", dependencies: ["Muster", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/Search", exclude: ["README.md"], swiftSettings: strict),
    .target(name: "HeatModel", path: "Examples/Heat/Model", swiftSettings: strict),
    .executableTarget(
      name: "Heat",
      dependencies: [
        "Muster", "MusterMPI", "HeatModel", .target(name: "CMPI", condition: .when(traits: ["MPI"])),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Examples/Heat/Program", swiftSettings: strict),

    .target(
      name: "NamedPipeTransport", dependencies: ["Muster"], path: "Examples/NamedPipes/Transport",
      swiftSettings: strict),
    .executableTarget(
      name: "NamedPipes", dependencies: ["Muster", "NamedPipeTransport"], path: "Examples/NamedPipes/Program",
      swiftSettings: strict),

    // What any transport must do.
    .target(
      name: "TransportConformance", dependencies: ["Muster"], path: "Tests/TransportConformance",
      swiftSettings: strict),
    .testTarget(
      name: "MusterTests",
      dependencies: [
        "Muster", "CHwloc", "CMuster", "TransportConformance", .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    // A C constructor that turns the test runner into a worker when it is launched as one.
    .target(name: "CTestWorker", path: "Tests/CTestWorker"),
    // Programs that have to be process 1 themselves: what happens at their end, to their output, on their command line.
    .executableTarget(name: "ClusterPrograms", dependencies: ["Muster"], path: "Tests/Programs", swiftSettings: strict),
    .testTarget(
      name: "ClusterTests",
      dependencies: ["Muster", "MusterMacros", "CTestWorker", "ClusterPrograms", "MusterTool", "Whereabouts"],
      swiftSettings: strict),
    .testTarget(
      name: "MusterMacrosTests", dependencies: ["MusterMacros"], exclude: ["Fixtures"], swiftSettings: strict),
    // Programs that run under mpirun; the tests run them by name.
    .executableTarget(
      name: "MPIPrograms",
      dependencies: [
        "Muster", "MusterMPI", "TransportConformance", .target(name: "CMPI", condition: .when(traits: ["MPI"])),
      ],
      path: "Tests/MPIPrograms", swiftSettings: strict),
    .testTarget(
      name: "MusterToolTests",
      dependencies: ["MusterTool", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),
    .testTarget(
      name: "NamedPipesTests", dependencies: ["NamedPipes", "NamedPipeTransport", "TransportConformance"],
      swiftSettings: strict),
    .testTarget(
      name: "MPITests", dependencies: ["MPIPrograms", "MusterMPI", "Ising"],
      exclude: ["Support/in-namespaces.sh"], swiftSettings: strict),
    .testTarget(name: "IsingTests", dependencies: ["IsingModel"], swiftSettings: strict),
    // Runs the examples as a user would.
    .testTarget(
      name: "ExamplesTests",
      dependencies: ["Squares", "Ising", "Pipeline", "KmerCount", "Search", "Heat", "HeatModel"], swiftSettings: strict),
    // The code of the documentation's pages, and what looks whether it is what the pages show.
    .executableTarget(
      name: "DocumentationPages", dependencies: ["Muster", "MusterMacros", "MusterMPI"],
      path: "Tests/DocumentationPages",
      exclude: ["OwnPackage"], swiftSettings: strict),
    .testTarget(
      name: "DocumentationTests", dependencies: ["DocumentationPages", "MusterTool", "Squares"],
      swiftSettings: strict),
  ]
)
