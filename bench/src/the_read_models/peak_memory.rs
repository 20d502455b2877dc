use anyhow::Context;

/// The most that was ever resident of a process.
pub fn peak_mb(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))
        .context("no VmHWM in /proc")?;
    Ok(peak.parse::<f64>()? / 1024.0)
}
