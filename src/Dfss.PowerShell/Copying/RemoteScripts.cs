namespace Dfss.Commands;

/// <summary>
/// The scripts that a copy runs at the other side of a session. They leave nothing there: no variable, no module, no
/// file; and the code that the last one loads is unloaded.
/// </summary>
internal static class RemoteScripts
{
    /// <summary>
    /// Says what runs there, where <see cref="Serve"/> did not: for every version of PowerShell, in every language
    /// mode.
    /// </summary>
    internal const string Probe = """
        @{
            Version = "$($PSVersionTable.PSVersion)"
            Mode = "$($ExecutionContext.SessionState.LanguageMode)"
        }
        """;

    /// <summary>
    /// Says what runs there, and resolves paths by the rules of PowerShell there: an object each. Then the first object
    /// of its input is the code of a copy, which it loads from bytes into a load context of its own; each later one is
    /// a call, and its output the answer. It ends with its input, and when the session ends.
    /// </summary>
    internal const string Serve = """
        param([string[]] $Path, [bool] $IsLiteral, [bool] $IsNew, [bool] $Force)
        begin {
            $ErrorActionPreference = 'Stop'
            $answer = $close = $context = $null
            @{
                Version = "$($PSVersionTable.PSVersion)"
                Mode = "$($ExecutionContext.SessionState.LanguageMode)"
            }
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
        }
        process {
            if ($answer) {
                , $answer.Invoke($_)
                return
            }

            $context = [System.Runtime.Loader.AssemblyLoadContext]::new('Dfss copy', $true)
            $reader = [System.IO.BinaryReader]::new([System.IO.Compression.BrotliStream]::new(
                [System.IO.MemoryStream]::new($_), [System.IO.Compression.CompressionMode]::Decompress))
            for ($left = $reader.ReadInt32(); $left -gt 0; $left--) {
                $bytes = $reader.ReadBytes($reader.ReadInt32())
                $assembly = $context.LoadFromStream([System.IO.MemoryStream]::new($bytes))
            }
            $reader.Dispose()
            $answer, $close = $assembly.GetType('Dfss.Transfer.ItemCopyHost').GetMethod('Open').Invoke($null, @())
        }
        clean {
            if ($close) { $close.Invoke() }
            if ($context) { $context.Unload() }
        }
        """;
}
