namespace Dfss.Commands;

/// <summary>
/// The scripts that a copy runs at the other side of a session. They leave nothing there: no variable, no module, no
/// file; and the code that the last one loads is unloaded.
/// </summary>
internal static class RemoteScripts
{
    /// <summary>
    /// Says what runs there. For every version of PowerShell, in every language mode.
    /// </summary>
    internal const string Probe = """
        @{
            Version = "$($PSVersionTable.PSVersion)"
            Mode = "$($ExecutionContext.SessionState.LanguageMode)"
        }
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
    /// Loads the code of a copy from bytes, into a load context of its own, and answers calls: each object of the
    /// pipeline is one call, each output its answer. It ends with its input, and when the session ends.
    /// </summary>
    internal const string Serve = """
        param([byte[]] $Code)
        begin {
            $ErrorActionPreference = 'Stop'
            $context = [System.Runtime.Loader.AssemblyLoadContext]::new('Dfss copy', $true)
            $reader = [System.IO.BinaryReader]::new([System.IO.Compression.BrotliStream]::new(
                [System.IO.MemoryStream]::new($Code), [System.IO.Compression.CompressionMode]::Decompress))
            for ($left = $reader.ReadInt32(); $left -gt 0; $left--) {
                $bytes = $reader.ReadBytes($reader.ReadInt32())
                $assembly = $context.LoadFromStream([System.IO.MemoryStream]::new($bytes))
            }
            $reader.Dispose()
            $answer, $close = $assembly.GetType('Dfss.Transfer.ItemCopyHost').GetMethod('Open').Invoke($null, @())
        }
        process {
            , $answer.Invoke($_)
        }
        clean {
            if ($close) { $close.Invoke() }
            if ($context) { $context.Unload() }
        }
        """;
}
