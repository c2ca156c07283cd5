#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Get-Help in real PowerShell, and every example of the help, each in a runspace, a folder and with peers of its own.

BeforeDiscovery {
    $pages = Join-Path $PSScriptRoot '../../docs/cmdlets' -Resolve
    $examples = foreach ($page in Get-ChildItem $pages -Filter *.md) {
        $text = (Get-Content $page -Raw) -replace "`r`n", "`n"
        foreach ($match in [regex]::Matches($text, '(?ms)^```powershell (bare|pwsh)\n(?<command>.*?)^```$')) {
            $command = $match.Groups['command']
            $line = $text.Substring(0, $command.Index).Split("`n").Count
            @{ Page = $page.Name; Line = $line; Command = $command.Value }
        }
    }

    $cmdlets = Get-ChildItem $pages -Filter *-Dfss*.md | ForEach-Object { @{ Cmdlet = $_.BaseName } }
}

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:fixture = Join-Path $PSScriptRoot ExampleFolder.ps1
    $script:common = [System.Management.Automation.Cmdlet]::CommonParameters

    function Get-FreePort {
        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $listener.LocalEndpoint.Port
        $listener.Stop()
    }

    # Runs a script in a session; its first error is this one's.
    function Invoke-InSession([powershell] $Session, [string] $Script) {
        $Session.Commands.Clear()
        $Session.Streams.ClearStreams()
        $null = $Session.AddScript($Script)
        $Session.Invoke()
        if ($Session.Streams.Error.Count -gt 0) { throw $Session.Streams.Error[0] }
    }
}

AfterAll {
    Remove-Module Dfss
}

Describe 'Get-Help <Cmdlet>' -ForEach $cmdlets {
    It 'has a synopsis, a description and at least three examples' {
        $help = Get-Help $Cmdlet -Full
        $help.Synopsis | Should -Not -BeNullOrEmpty
        $help.Synopsis | Should -Not -Match $Cmdlet -Because 'that is what the engine makes up where there is no help'
        $help.description.Text -join '' | Should -Not -BeNullOrEmpty
        @($help.examples.example).Count | Should -BeGreaterOrEqual 3
    }

    It 'describes every parameter that a user sees' {
        $parameters = (Get-Command $Cmdlet).Parameters.Values | Where-Object {
            $_.Name -notin $common -and -not $_.Attributes.Where({ $_ -is [Parameter] -and $_.DontShow })
        }
        $parameters | Should -Not -BeNullOrEmpty
        foreach ($parameter in $parameters) {
            (Get-Help $Cmdlet -Parameter $parameter.Name).description.Text -join '' |
                Should -Not -BeNullOrEmpty -Because "$Cmdlet -$($parameter.Name) needs a description"
        }
    }

    It 'prints in every form' {
        foreach ($form in @{}, @{ Detailed = $true }, @{ Full = $true }, @{ Examples = $true }, @{ Parameter = '*' }) {
            Get-Help $Cmdlet @form | Out-String | Should -Not -BeNullOrEmpty
        }

        Get-Help $Cmdlet -Full | Out-String | Should -Match "Example 3"
    }
}

Describe 'The topics' {
    It 'are found: <_>' -ForEach 'about_Dfss', 'about_Dfss_Troubleshooting' {
        Get-Help $_ | Should -Match "^TOPIC\s+$_\s"
        (Get-Help about_Dfss* | Where-Object Name -EQ $_).Synopsis | Should -Match '\.$'
    }

    It 'have the provider too' {
        $help = Get-Help Dfss -Category Provider
        $help.Synopsis | Should -Be 'Stored files as a drive of PowerShell.'
        $help | Out-String | Should -Match '(?s)New-PSDrive.*ListingIncomplete.*about_Dfss_Drive'
    }
}

Describe 'The examples' {
    It 'run: <Page>, line <Line>' -ForEach $examples {
        if ($Command -match 'Expand-Archive' -and -not (Get-Command Expand-Archive -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because 'this pwsh has no module Microsoft.PowerShell.Archive'
        }

        if ($Command -match 'Set-Secret' -and -not (Get-Command Set-Secret -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because 'this pwsh has no module Microsoft.PowerShell.SecretManagement'
        }

        # A subfolder of the user's temporary files, not $TestDrive: a runspace of its own does not have that drive.
        $folder = [System.IO.Directory]::CreateTempSubdirectory('dfss-help-').FullName
        $before = @{}
        foreach ($name in 'DFSS_PEER', 'XDG_STATE_HOME', 'DFSS_CLUSTER_PASSPHRASE', 'DFSS_INVITATION') {
            $before[$name] = [System.Environment]::GetEnvironmentVariable($name)
        }

        $needsCluster = $Command -match 'Invitation|(Join|Remove)-DfssCluster|DfssCertificate'
        $cluster = if ($needsCluster -and $Command -notmatch 'New-DfssCluster') { '-Cluster' }
        $needsKey = $Command -match 'files\.key|ann\.cer|secret/'
        $encrypted = if ($needsKey -and $Command -notmatch 'New-DfssEncryptionKey') { '-Encrypted' }
        $session = [powershell]::Create([initialsessionstate]::CreateDefault2())
        try {
            $null = Invoke-InSession $session "Import-Module '$manifest'"
            $ports = @(Invoke-InSession $session "& '$fixture' '$folder' $cluster $encrypted")
            if ($Command -match '-(To|From)Session') {
                # A session to another pwsh, with files to copy in its current location.
                $null = Invoke-InSession $session @'
                    $process = [System.Management.Automation.Runspaces.PowerShellProcessInstance]::new()
                    $runspace = [runspacefactory]::CreateOutOfProcessRunspace($null, $process)
                    $runspace.Open()
                    $session = [System.Management.Automation.Runspaces.PSSession]::Create($runspace, 'example', $null)
                    $processId = Invoke-Command -Session $session -ArgumentList "$PWD/there" {
                        param($folder)
                        Set-Location (New-Item -ItemType Directory $folder)
                        $null = New-Item logs/1.log -Force
                        $PID
                    }
'@
            }

            if ($Command -match 'Start-DfssPeer[^\n]*-Port 900\d') { $ports = (Get-FreePort), (Get-FreePort) }
            { Invoke-InSession $session ($Command.Replace('9001', $ports[0]).Replace('9002', $ports[1])) } |
                Should -Not -Throw
        }
        finally {
            foreach ($name in $before.Keys) { [System.Environment]::SetEnvironmentVariable($name, $before[$name]) }
            $null = Invoke-InSession $session @'
                if ($runspace) { $runspace.Dispose() }
                if ($processId) { Stop-Process -Id $processId -Force -ErrorAction Ignore }
'@
            $null = Invoke-InSession $session 'Get-DfssPeer | Where-Object Kind -NE Remote | Stop-DfssPeer'
            $null = Invoke-InSession $session 'Remove-Module Dfss'
            $session.Dispose()
            Remove-Item -LiteralPath $folder -Recurse -Force
        }
    }
}
