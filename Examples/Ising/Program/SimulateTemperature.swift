import IsingModel
import Muster

/// The function that travels to the workers: it takes the temperature and seed of one run and gives what was measured.
struct SimulateTemperature: RemoteFunction {
  let simulation: Simulation

  func callAsFunction(_ run: Run) -> Measurements {
    simulation.measure(run)
  }
}
