namespace Dfss.Commands;

/// <summary>
/// The scripts that a copy runs at the other side of a session. They leave no variable, module or file there. The code
/// that the last one loads stays in the memory of that process, and the next copy uses it again.
/// </summary>
internal static class RemoteScripts
{
    /// <summary>
    /// Says what runs there, and whether the code of a copy is loaded. For every version of PowerShell, in every
    /// language mode: what only some have is asked for last, and only there.
    /// </summary>
    internal const string Probe = """
        param([string] $Name)
        $mode = "$($ExecutionContext.SessionState.LanguageMode)"
        $hasCode = $false
        if ($mode -eq 'FullLanguage' -and $PSVersionTable.PSVersion.Major -ge 7) {
            foreach ($one in [System.Runtime.Loader.AssemblyLoadContext]::All) {
                if ($one.Name -ne $Name) { continue }
                foreach ($loaded in $one.Assemblies) {
                    if ($loaded.GetName().Name -eq 'Dfss.Core') { $hasCode = $true }
                }
            }
        }
        @{ Version = "$($PSVersionTable.PSVersion)"; Mode = $mode; HasCode = $hasCode }
        """;

    /// <summary>Resolves paths by the rules of PowerShell there.</summary>
    internal const string Resolve = """
        param([string[]] $Path, [bool] $IsLiteral, [bool] $IsNew, [bool] $Force)
        foreach ($one in $Path) {
            $found = @()
            $problem = ''
            try {
                if ($IsNew) {
                    $provider = $null
                    $drive = $null
                    $found = @($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath(
                        $one, [ref] $provider, [ref] $drive))
                    if ($provider.Name -ne 'FileSystem') { throw "it is a path of $($provider.Name)" }
                }
                else {
                    $items = $ExecutionContext.InvokeProvider.Item.Get(@($one), $Force, $IsLiteral)
                    $found = @(foreach ($item in $items) {
                        if ($item -isnot [System.IO.FileSystemInfo]) { throw 'it is no path of the file system' }
                        $item.FullName
                    })
                }
            }
            catch {
                $problem = "$($_.Exception.GetBaseException().Message)"
            }
            @{ Path = $one; Found = [string[]] $found; Problem = $problem }
        }
        """;

    /// <summary>
    /// Loads the code of a copy from bytes, into a load context of its own, unless an earlier copy has, and answers
    /// calls: each object of the pipeline is one call, each output its answer. It ends with its input, and when the
    /// session ends.
    /// </summary>
    /// <remarks>
    /// The context is collectible, so that the runtime compiles its code fully optimized at the first call, and not in
    /// tiers; and it is held for good, so that the runtime never frees code while threads of the process run.
    /// </remarks>
    internal const string Serve = """
        param([string] $Name, [byte[]] $Code)
        begin {
            $ErrorActionPreference = 'Stop'
            $assembly = $null
            foreach ($one in [System.Runtime.Loader.AssemblyLoadContext]::All) {
                if ($one.Name -ne $Name) { continue }
                foreach ($loaded in $one.Assemblies) {
                    if ($loaded.GetName().Name -eq 'Dfss.Core') { $assembly = $loaded }
                }
            }
            if (-not $assembly) {
                $context = [System.Runtime.Loader.AssemblyLoadContext]::new($Name, $true)
                [System.AppDomain]::CurrentDomain.SetData($Name, $context)
                $reader = [System.IO.BinaryReader]::new([System.IO.Compression.BrotliStream]::new(
                    [System.IO.MemoryStream]::new($Code), [System.IO.Compression.CompressionMode]::Decompress))
                for ($left = $reader.ReadInt32(); $left -gt 0; $left--) {
                    $bytes = $reader.ReadBytes($reader.ReadInt32())
                    $assembly = $context.LoadFromStream([System.IO.MemoryStream]::new($bytes))
                }
                $reader.Dispose()
            }
            $answer, $close = $assembly.GetType('Dfss.Transfer.ItemCopyHost').GetMethod('Open').Invoke($null, @())
        }
        process {
            , $answer.Invoke($_)
        }
        clean {
            if ($close) { $close.Invoke() }
        }
        """;
}
